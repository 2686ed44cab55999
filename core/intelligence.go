package core

import "net/http"

// What the Intelligence platform serves is answered as by a reference runtime
// that is not connected to it.

// serveInspectorMetadata says that there is none.
func serveInspectorMetadata(ex *exchange) error {
	return ex.bytes(http.StatusNoContent, http.Header{"Cache-Control": {"no-store, private"}}, nil)
}

func serveInspectorLearning() error {
	e := notFound()
	e.Header = http.Header{"Cache-Control": {"no-store, private"}}
	return e
}

func needsIntelligence(what string) *HTTPError {
	return answerError(http.StatusUnprocessableEntity, "Missing CopilotKitIntelligence configuration. "+what+
		" a CopilotKitIntelligence instance to be provided in CopilotRuntime options.")
}
