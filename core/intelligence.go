package core

import "net/http"

// What the Intelligence platform serves is answered as by a reference runtime
// that is not connected to it.

// inspectorMetadata says that there is none.
func (x *exchange) inspectorMetadata() error {
	return x.bytes(http.StatusNoContent, http.Header{"Cache-Control": {"no-store, private"}}, nil)
}

func (x *exchange) inspectorLearning() error {
	e := notFound()
	e.Header = http.Header{"Cache-Control": {"no-store, private"}}
	return e
}

func needsIntelligence(what string) *HTTPError {
	return answerError(http.StatusUnprocessableEntity, "Missing CopilotKitIntelligence configuration. "+what+
		" a CopilotKitIntelligence instance to be provided in CopilotRuntime options.")
}
