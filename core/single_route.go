package core

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// resource is the envelope method that carries a request to one of the thread
// routes, so that a single-route front end can list and change threads.
const resource = "resource/request"

// envelopeMethod reports whether a single-route envelope may ask for the method.
func envelopeMethod(method string) bool {
	switch RouteName(method) {
	case RouteRun, RouteSuggest, RouteConnect, RouteStop, RouteInfo, RouteInspectorMetadata,
		RouteInspectorLearning, RouteTranscribe, resource:
		return true
	}
	return false
}

// envelope is the body of a single-route request. Its fields are looked up by
// their exact names, which encoding/json alone would not do.
type envelope map[string]json.RawMessage

// resolveEnvelope finds the endpoint that a single-route request asks for. The
// request is rewritten to what the endpoint would get over its own route, after
// OnBeforeHandler has seen it as it came.
func (rt *Runtime) resolveEnvelope(ex *exchange) (endpoint func() error, err error) {
	if _, ok := cutBase(ex.r.URL.EscapedPath(), rt.base); !ok {
		return nil, cmp.Or(rt.explainBase(ex), notFound())
	}
	if ex.r.Method != http.MethodPost {
		return nil, rt.explain(ex, methodNotAllowed(http.MethodPost))
	}
	if !isJSON(ex.r.Header) {
		return nil, rt.explain(ex, invalidRequest(http.StatusUnsupportedMediaType, "Single-route endpoint expects JSON payloads"))
	}
	data, err := ex.readBody()
	if err != nil {
		return nil, err
	}
	if !json.Valid(data) {
		return nil, invalidRequest(http.StatusBadRequest, "Invalid JSON payload")
	}
	ex.r.Body = io.NopCloser(bytes.NewReader(data))
	var e envelope
	_ = json.Unmarshal(data, &e) // what isn't an object has no method
	if !e.hasMethod() {
		if _, isRun := e["messages"]; isRun && rt.config.BareRunAgent != "" {
			e = envelope{"body": data}
			ex.route = Route{Name: RouteRun, AgentID: rt.config.BareRunAgent}
			return func() error { return rt.dispatchEnvelope(ex, e) }, nil
		}
		return nil, rt.explain(ex, invalidRequest(http.StatusBadRequest, "Missing method field"))
	}
	method, err := e.method(rt.meter != nil)
	if err != nil {
		return nil, err
	}
	if method == resource {
		return rt.resolveResource(ex, e)
	}
	ex.route = Route{Name: RouteName(method)}
	switch ex.route.Name {
	case RouteRun, RouteSuggest, RouteConnect, RouteStop:
		if ex.route.AgentID, err = e.param("agentId"); err != nil {
			return nil, err
		}
	}
	if ex.route.Name == RouteStop {
		if ex.route.ThreadID, err = e.param("threadId"); err != nil {
			return nil, err
		}
	}
	return func() error { return rt.dispatchEnvelope(ex, e) }, nil
}

// dispatchEnvelope puts the envelope's body in the request's place, for the
// endpoints that read one.
func (rt *Runtime) dispatchEnvelope(ex *exchange, e envelope) error {
	switch ex.route.Name {
	case RouteRun, RouteSuggest, RouteConnect, RouteTranscribe, RouteStop:
		body, sent := e["body"]
		if ex.route.Name == RouteStop && !sent {
			body = json.RawMessage("{}")
		}
		if isNull(body) {
			return invalidRequest(http.StatusBadRequest, "Missing request body for JSON handler")
		}
		ex.setBody(ex.r, body)
	case RouteUsage:
		r := ex.r.Clone(ex.r.Context())
		r.URL.RawQuery = e.query().Encode()
		ex.setBody(r, nil)
	}
	return rt.dispatch(ex)
}

// query returns the parameters that are strings as those of a URL.
func (e envelope) query() url.Values {
	query := make(url.Values)
	var params map[string]any
	_ = json.Unmarshal(e["params"], &params) // what isn't an object has none
	for name, value := range params {
		if text, ok := value.(string); ok {
			query.Set(name, text)
		}
	}
	return query
}

// resolveResource finds the thread route of an enveloped request, which then
// is served as if it had come by itself.
func (rt *Runtime) resolveResource(ex *exchange, e envelope) (endpoint func() error, err error) {
	path, err := e.param("path")
	if err != nil {
		return nil, err
	}
	method, err := e.param("httpMethod")
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(path)
	if err != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return nil, invalidRequest(http.StatusBadRequest, "Resource path must be Runtime-relative")
	}
	route, ok := matchPath(target.EscapedPath(), "")
	if !ok || !route.isResource() {
		return nil, notFound()
	}
	ex.route = route
	method = strings.ToUpper(method)
	if err := rt.checkMethod(route, method); err != nil {
		return nil, err
	}
	r := ex.r.Clone(ex.r.Context())
	r.Method = method
	r.URL = ex.r.URL.JoinPath(target.EscapedPath())
	r.URL.RawQuery = target.RawQuery
	body := e["body"]
	if method == http.MethodGet || isNull(body) {
		body = nil
	}
	ex.setBody(r, body)
	return func() error { return rt.dispatch(ex) }, nil
}

// isResource reports whether an envelope may carry a request to the route.
func (r Route) isResource() bool {
	switch r.Name {
	case RouteThreads, RouteThreadsSubscribe, RouteThreadsClear, RouteThread, RouteThreadArchive,
		RouteThreadMessages, RouteThreadEvents, RouteThreadState, RouteMemories, RouteMemoriesRecall,
		RouteMemoriesSubscribe, RouteMemory, RouteAnnotate:
		return true
	}
	return false
}

// hasMethod reports whether there is a method that JavaScript takes for one.
func (e envelope) hasMethod() bool {
	switch string(e["method"]) {
	case "", "null", `""`, "false", "0":
		return false
	}
	return true
}

// method returns the method that the envelope asks for. That of usage is there where
// users have limits.
func (e envelope) method(usage bool) (string, error) {
	raw := e["method"]
	var method string
	if json.Unmarshal(raw, &method) != nil || !envelopeMethod(method) && !(usage && method == string(RouteUsage)) {
		if method == "" {
			method = string(raw)
		}
		return "", invalidRequest(http.StatusBadRequest, "Unsupported method '"+method+"'")
	}
	return method, nil
}

// param returns a parameter that must be there.
func (e envelope) param(name string) (string, error) {
	var params map[string]json.RawMessage
	var value string
	if json.Unmarshal(e["params"], &params) == nil && json.Unmarshal(params[name], &value) == nil &&
		strings.TrimSpace(value) != "" {
		return value, nil
	}
	return "", invalidRequest(http.StatusBadRequest, "Missing or invalid parameter '"+name+"'")
}

// unmatched returns the answer to a path that no route matches. To a single-route
// front end that asks a multi-route runtime it says what is wrong.
func (rt *Runtime) unmatched(ex *exchange) error {
	if answer := rt.explainBase(ex); answer != nil {
		return answer
	}
	if ex.r.Method != http.MethodPost || !isJSON(ex.r.Header) {
		return notFound()
	}
	data, err := ex.readBody()
	if err != nil {
		return notFound()
	}
	var e envelope
	if json.Unmarshal(data, &e) != nil {
		return notFound()
	}
	var method string
	if json.Unmarshal(e["method"], &method) != nil || !envelopeMethod(method) {
		return notFound()
	}
	rt.outages.warn(ex.r.Context(), rt.config.Logger, singleRouteEnvelopeMessage, "path", shortened(ex.r.URL.Path), "method", method)
	return &HTTPError{Status: http.StatusNotFound, Body: errorBody{
		Error:   "Not found",
		Code:    "single_route_envelope_against_multi_route_runtime",
		Message: singleRouteEnvelopeMessage,
	}}
}

// explain adds to an answer what is wrong with a request for a multi-route path,
// which a single-route runtime doesn't have. A front end that probes for /info
// does nothing wrong: it asks which mode this is.
func (rt *Runtime) explain(ex *exchange, answer *HTTPError) *HTTPError {
	rest, _ := cutBase(ex.r.URL.EscapedPath(), rt.base)
	route, ok := matchPath(rest, "")
	if !ok || route.Name == RouteInfo {
		return answer
	}
	rt.outages.warn(ex.r.Context(), rt.config.Logger, multiRoutePathMessage, "path", shortened(ex.r.URL.Path))
	body, _ := answer.Body.(errorBody)
	body.Code, body.Message = "multi_route_path_against_single_route_runtime", multiRoutePathMessage
	answer.Body = body
	return answer
}

const multiRoutePathMessage = `Received a request for a multi-route path but this runtime is mounted in ` +
	`single-route mode: it takes a POST of { method, params, body } at its base path. Either set ` +
	`useSingleEndpoint in the frontend provider, or mount the runtime with mode: "multi-route" to serve this path.`

const singleRouteEnvelopeMessage = `Received a single-route request envelope ({ method: "..." }) but this ` +
	`runtime is mounted in multi-route mode, so the request matched no route. Either drop useSingleEndpoint ` +
	`from the frontend provider so it negotiates the transport, or mount the runtime with mode: "single-route" ` +
	`to serve this envelope.`

func invalidRequest(status int, message string) *HTTPError {
	return &HTTPError{Status: status, Body: errorBody{Error: "invalid_request", Message: message}}
}
