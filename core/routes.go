package core

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// RouteName names an endpoint. Those that need the Intelligence platform answer as the
// reference does without it.
type RouteName string

// The endpoints.
const (
	RouteRun               RouteName = "agent/run"
	RouteSuggest           RouteName = "agent/suggest"
	RouteConnect           RouteName = "agent/connect"
	RouteStop              RouteName = "agent/stop"
	RouteInfo              RouteName = "info"
	RouteInspectorMetadata RouteName = "inspector/metadata"
	RouteInspectorLearning RouteName = "inspector/learning"
	RouteTranscribe        RouteName = "transcribe"
	RouteThreads           RouteName = "threads/list"
	RouteThreadsSubscribe  RouteName = "threads/subscribe"
	RouteThreadsClear      RouteName = "threads/clear"
	RouteThread            RouteName = "threads/update"
	RouteThreadArchive     RouteName = "threads/archive"
	RouteThreadMessages    RouteName = "threads/messages"
	RouteThreadEvents      RouteName = "threads/events"
	RouteThreadState       RouteName = "threads/state"
	RouteAnnotate          RouteName = "annotate"
	RouteDebugEvents       RouteName = "cpk-debug-events"
	RouteUsage             RouteName = "usage"

	// These need the Intelligence platform, and stay hidden without it.
	RouteMemories          RouteName = "memories/list"
	RouteMemoriesRecall    RouteName = "memories/recall"
	RouteMemoriesSubscribe RouteName = "memories/subscribe"
	RouteMemory            RouteName = "memories/mutate"
)

// Route is the endpoint that a request is for.
type Route struct {
	Name RouteName
	// AgentID is set in the routes of an agent.
	AgentID string
	// ThreadID is set in stop and the routes of a thread. Run, suggest and connect have
	// it in the body.
	ThreadID string
	// MemoryID is set in the route of a memory.
	MemoryID string
}

// readsJSON reports whether the body of a request is JSON, and nothing else.
func (r Route) readsJSON() bool {
	switch r.Name {
	case RouteTranscribe:
		return false
	}
	return true
}

// forDevelopment reports whether the route only does something in development.
func (r Route) forDevelopment() bool {
	return r.Name == RouteDebugEvents || r.Name == RouteThreadsClear
}

// checkIDs refuses ids that are too long.
func (r Route) checkIDs() error {
	return cmp.Or(checkID("agentId", r.AgentID), checkID("threadId", r.ThreadID), checkID("memoryId", r.MemoryID))
}

// maxIDBytes is how long an id of an agent, a thread or a run may be. Ids become
// keys of stores, names of channels and attributes of logs.
const maxIDBytes = 512

// checkID refuses an id of the path or the query that is too long.
func checkID(name, id string) error {
	if len(id) > maxIDBytes {
		return invalidID("Invalid request", name)
	}
	return nil
}

// checkBodyID refuses an id of the body that is too long.
func checkBodyID(name, id string) error {
	if len(id) > maxIDBytes {
		return invalidID("Invalid request body", name)
	}
	return nil
}

func invalidID(what, name string) *HTTPError {
	return &HTTPError{Status: http.StatusBadRequest, Body: errorBody{
		Error: what, Details: fmt.Sprintf("%s: longer than %d bytes", name, maxIDBytes),
	}}
}

// begins reports whether a request of the route can be the first that leaves
// something of its user's.
func (r Route) begins(method string) bool {
	return r.Name == RouteRun || r.Name == RouteThreads && method == http.MethodPost
}

// methods returns the HTTP methods that the route answers.
func (r Route) methods() []string {
	switch r.Name {
	case RouteInfo, RouteInspectorMetadata, RouteInspectorLearning, RouteThreadMessages,
		RouteThreadEvents, RouteThreadState, RouteDebugEvents, RouteUsage:
		return []string{http.MethodGet}
	case RouteThreads, RouteConnect, RouteMemories:
		return []string{http.MethodGet, http.MethodPost}
	case RouteThread, RouteMemory:
		return []string{http.MethodPatch, http.MethodDelete}
	}
	return []string{http.MethodPost}
}

// ofMemories reports whether the route is one of memories.
func (r Route) ofMemories() bool {
	switch r.Name {
	case RouteMemories, RouteMemoriesRecall, RouteMemoriesSubscribe, RouteMemory:
		return true
	}
	return false
}

// checkMethod refuses an HTTP method that the route doesn't answer. Routes of memories
// that aren't served stay hidden: they are not found under any method.
func (rt *Runtime) checkMethod(r Route, method string) error {
	if r.ofMemories() && !rt.servesMemories() {
		return notFound()
	}
	if methods := r.methods(); !slices.Contains(methods, method) {
		return methodNotAllowed(strings.Join(methods, ", "))
	}
	return nil
}

// matchPath finds the route of a path in its escaped form. With a base path
// that comes first, followed by a slash or nothing; without one the routes match
// as suffixes.
func matchPath(path, base string) (Route, bool) {
	if base != "" {
		rest, ok := cutBase(path, base)
		if !ok {
			return Route{}, false
		}
		path = rest
	}
	return matchSegments(strings.FieldsFunc(path, func(c rune) bool { return c == '/' }))
}

// cutBase removes the base path, which has no trailing slash ("" for the root).
func cutBase(path, base string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, base)
	return rest, ok && (rest == "" || rest[0] == '/')
}

// matchSegments looks at the end of the path only, longest patterns' ids first
// where two could match, in the reference's order.
func matchSegments(segments []string) (Route, bool) {
	// at counts from the end: at(1) is the last segment.
	at := func(i int) string {
		if i > len(segments) {
			return ""
		}
		return segments[len(segments)-i]
	}
	switch at(1) {
	case "info":
		return Route{Name: RouteInfo}, true
	case "inspector-metadata":
		return Route{Name: RouteInspectorMetadata}, true
	case "inspector-learning":
		return Route{Name: RouteInspectorLearning}, true
	case "transcribe":
		return Route{Name: RouteTranscribe}, true
	case "cpk-debug-events":
		return Route{Name: RouteDebugEvents}, true
	}
	if at(3) == "agent" {
		switch at(1) {
		case "run":
			return agentRoute(RouteRun, at(2))
		case "suggest":
			return agentRoute(RouteSuggest, at(2))
		case "connect":
			return agentRoute(RouteConnect, at(2))
		}
	}
	if at(4) == "agent" && at(2) == "stop" {
		route, ok := agentRoute(RouteStop, at(3))
		if !ok {
			return Route{}, false
		}
		route.ThreadID, ok = decodeID(at(1))
		return route, ok
	}
	if at(2) == "threads" && at(1) == "subscribe" {
		return Route{Name: RouteThreadsSubscribe}, true
	}
	if at(3) == "threads" {
		switch at(1) {
		case "messages":
			return threadRoute(RouteThreadMessages, at(2))
		case "events":
			return threadRoute(RouteThreadEvents, at(2))
		case "state":
			return threadRoute(RouteThreadState, at(2))
		case "archive":
			return threadRoute(RouteThreadArchive, at(2))
		}
	}
	switch {
	case at(2) == "threads" && at(1) == "clear":
		return Route{Name: RouteThreadsClear}, true
	case at(2) == "threads":
		return threadRoute(RouteThread, at(1))
	case at(1) == "threads":
		return Route{Name: RouteThreads}, true
	case at(2) == "memories" && at(1) == "recall":
		return Route{Name: RouteMemoriesRecall}, true
	case at(2) == "memories" && at(1) == "subscribe":
		return Route{Name: RouteMemoriesSubscribe}, true
	case at(2) == "memories":
		id, ok := decodeID(at(1))
		return Route{Name: RouteMemory, MemoryID: id}, ok
	case at(1) == "memories":
		return Route{Name: RouteMemories}, true
	case at(1) == "annotate":
		return Route{Name: RouteAnnotate}, true
	case at(1) == "usage":
		return Route{Name: RouteUsage}, true
	}
	return Route{}, false
}

func agentRoute(name RouteName, segment string) (Route, bool) {
	id, ok := decodeID(segment)
	return Route{Name: name, AgentID: id}, ok
}

func threadRoute(name RouteName, segment string) (Route, bool) {
	id, ok := decodeID(segment)
	return Route{Name: name, ThreadID: id}, ok
}

// decodeID undoes percent-encoding; what isn't UTF-8 then is no id.
func decodeID(segment string) (string, bool) {
	id, err := url.PathUnescape(segment)
	return id, err == nil && id != "" && utf8.ValidString(id)
}
