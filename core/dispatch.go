package core

import "net/http"

// dispatch calls the route's endpoint. A run waits in it for as long as it takes, so that
// what goes before that isn't part of this function: the less stack is in use there.
func (rt *Runtime) dispatch(ex *exchange) error {
	if err := rt.check(ex); err != nil {
		return err
	}
	return ex.endpoint()(rt, ex)
}

// check checks what all endpoints want checked.
func (rt *Runtime) check(ex *exchange) error {
	if err := ex.route.checkIDs(); err != nil {
		return err
	}
	if ex.r.Method == http.MethodPost && ex.route.readsJSON() && ex.hasBody() && !isJSON(ex.r.Header) {
		return notJSON()
	}
	if rt.config.Development && ex.route.forDevelopment() && !ex.fromTrustedPage() {
		return foreignPage()
	}
	return rt.checkForwarded(ex)
}

// endpoint returns what answers the route.
func (ex *exchange) endpoint() func(*Runtime, *exchange) error {
	switch ex.route.Name {
	case RouteRun:
		return (*Runtime).serveRun
	case RouteConnect:
		return (*Runtime).serveConnect
	case RouteStop:
		return (*Runtime).serveStop
	case RouteSuggest:
		return (*Runtime).serveSuggest
	case RouteInfo:
		return (*Runtime).serveInfo
	case RouteTranscribe:
		return (*Runtime).serveTranscribe
	case RouteThreads:
		if ex.r.Method == http.MethodPost {
			return (*Runtime).serveThreadCreate
		}
		return (*Runtime).serveThreadList
	case RouteThread:
		if ex.r.Method == http.MethodDelete {
			return (*Runtime).serveThreadDelete
		}
		return (*Runtime).serveThreadUpdate
	case RouteThreadArchive:
		return (*Runtime).serveThreadArchive
	case RouteThreadsClear:
		return (*Runtime).serveThreadsClear
	case RouteThreadMessages:
		return (*Runtime).serveThreadMessages
	case RouteThreadEvents:
		return (*Runtime).serveThreadEvents
	case RouteThreadState:
		return (*Runtime).serveThreadState
	case RouteDebugEvents:
		return (*Runtime).serveDebugEvents
	case RouteUsage:
		return (*Runtime).serveUsage
	case RouteInspectorMetadata:
		return (*Runtime).serveInspectorMetadata
	case RouteInspectorLearning:
		return serveInspectorLearning
	case RouteThreadsSubscribe:
		return (*Runtime).serveThreadsSubscribe
	case RouteAnnotate:
		return (*Runtime).serveAnnotate
	case RouteMemories, RouteMemoriesRecall, RouteMemoriesSubscribe, RouteMemory:
		return (*Runtime).serveMemories
	}
	return func(*Runtime, *exchange) error { return notFound() }
}
