package core

import "net/http"

// dispatch checks what all endpoints want checked, and calls the route's endpoint.
func (rt *Runtime) dispatch(ex *exchange) error {
	if err := ex.route.checkIDs(); err != nil {
		return err
	}
	if ex.r.Method == http.MethodPost && ex.route.readsJSON() && ex.hasBody() && !isJSON(ex.r.Header) {
		return notJSON()
	}
	if rt.config.Development && ex.route.forDevelopment() && !ex.fromTrustedPage() {
		return foreignPage()
	}
	if err := rt.checkForwarded(ex); err != nil {
		return err
	}
	return rt.endpoint(ex)
}

// endpoint calls the endpoint of the route.
func (rt *Runtime) endpoint(ex *exchange) error {
	switch ex.route.Name {
	case RouteRun:
		return rt.serveRun(ex)
	case RouteConnect:
		return rt.serveConnect(ex)
	case RouteStop:
		return rt.serveStop(ex)
	case RouteSuggest:
		return rt.serveSuggest(ex)
	case RouteInfo:
		return rt.serveInfo(ex)
	case RouteTranscribe:
		return rt.serveTranscribe(ex)
	case RouteThreads:
		if ex.r.Method == http.MethodPost {
			return rt.serveThreadCreate(ex)
		}
		return rt.serveThreadList(ex)
	case RouteThread:
		if ex.r.Method == http.MethodDelete {
			return rt.serveThreadDelete(ex)
		}
		return rt.serveThreadUpdate(ex)
	case RouteThreadArchive:
		return rt.serveThreadArchive(ex)
	case RouteThreadsClear:
		return rt.serveThreadsClear(ex)
	case RouteThreadMessages:
		return rt.serveThreadMessages(ex)
	case RouteThreadEvents:
		return rt.serveThreadEvents(ex)
	case RouteThreadState:
		return rt.serveThreadState(ex)
	case RouteDebugEvents:
		return rt.serveDebugEvents(ex)
	case RouteUsage:
		return rt.serveUsage(ex)
	case RouteInspectorMetadata:
		return rt.serveInspectorMetadata(ex)
	case RouteInspectorLearning:
		return serveInspectorLearning()
	case RouteThreadsSubscribe:
		return rt.serveThreadsSubscribe(ex)
	case RouteAnnotate:
		return rt.serveAnnotate(ex)
	case RouteMemories, RouteMemoriesRecall, RouteMemoriesSubscribe, RouteMemory:
		return rt.serveMemories(ex)
	}
	return notFound()
}
