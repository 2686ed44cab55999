package core

import "net/http"

// warnOfPage warns of a preflight whose page isn't let in, since all that its developer
// sees is that a browser says so. Requests of a page of the runtime's own origin have none.
func (rt *Runtime) warnOfPage(ex *exchange) {
	allowed := ex.w.Header().Get("Access-Control-Allow-Origin")
	if ex.origin == "" || allowed == "*" || allowed == ex.origin || ex.r.Header.Get("Access-Control-Request-Method") == "" {
		return
	}
	rt.outages.warn(ex.r.Context(), rt.config.Logger, refusedPageMessage, "origin", shortened(ex.origin), "path", shortened(ex.r.URL.Path))
}

const refusedPageMessage = "a web page of an origin that CORS doesn't allow asked to call, and its browser doesn't let it: " +
	"if the page is yours, add its origin to COPILOTKIT_CORS_ORIGINS"

// explainBase returns the answer to a path that is one of a route, but not below the base
// path, and nil for any other. A path that has the base path twice is matched all the
// same, by its end.
func (rt *Runtime) explainBase(ex *exchange) *HTTPError {
	path := ex.r.URL.EscapedPath()
	_, below := cutBase(path, rt.base)
	if _, ok := matchPath(path, ""); below || !ok {
		return nil
	}
	rt.outages.warn(ex.r.Context(), rt.config.Logger, noBaseMessage, "path", shortened(ex.r.URL.Path), "base path", rt.base)
	return &HTTPError{Status: http.StatusNotFound, Body: errorBody{
		Error: "Not found", Code: "path_without_base_path", Message: noBaseMessage,
	}}
}

const noBaseMessage = "The path ends like one of this runtime's routes, but isn't below its base path. Either runtimeUrl in the frontend provider is another, " +
	"or a router or proxy in front changes the path: one that takes the base path off makes the runtime expect it twice. There set the base path " +
	"(COPILOTKIT_BASE_PATH) to what is left of it, / if nothing is."
