package core

import "net/http"

// What the Intelligence platform serves is answered as by a reference runtime
// that isn't connected to it.

// serveInspectorMetadata answers that there is no metadata.
func serveInspectorMetadata(ex *exchange) error {
	return ex.bytes(http.StatusNoContent, http.Header{"Cache-Control": {"no-store, private"}}, nil)
}

// serveInspectorLearning answers that nothing was learned.
func serveInspectorLearning() error {
	e := notFound()
	e.Header = http.Header{"Cache-Control": {"no-store, private"}}
	return e
}

// needsIntelligence returns the answer to a request for the platform.
func needsIntelligence(what string) *HTTPError {
	return answerError(http.StatusUnprocessableEntity, "Missing CopilotKitIntelligence configuration. "+what+
		" a CopilotKitIntelligence instance to be provided in CopilotRuntime options.")
}
