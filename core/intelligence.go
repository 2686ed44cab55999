package core

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/copilotkit-go/runtime/core/intelligence"
)

// What the Intelligence platform serves beside threads. A runtime that isn't connected
// to it answers as such a reference runtime does.

// needsIntelligence returns the answer to a request for the platform where there is none.
func needsIntelligence(what string) *HTTPError {
	return answerError(http.StatusUnprocessableEntity, "Missing CopilotKitIntelligence configuration. "+what+
		" a CopilotKitIntelligence instance to be provided in CopilotRuntime options.")
}

// neverKept are the headers of what no cache may keep.
func neverKept() http.Header { return http.Header{"Cache-Control": {"no-store, private"}} }

// serveInspectorMetadata shows what the inspector shows of the project. Whatever fails, the
// front end is only told that there is nothing.
func (rt *Runtime) serveInspectorMetadata(ex *exchange) error {
	header := neverKept()
	if rt.config.Intelligence != nil {
		metadata, err := rt.config.Intelligence.Platform.InspectorMetadata(ex.r.Context())
		if err != nil {
			rt.config.Logger.WarnContext(ex.r.Context(), "the inspector's metadata can't be had", "error", err)
		}
		if err == nil && metadata != nil {
			header.Set("Content-Type", contentTypeJSON)
			return ex.bytes(http.StatusOK, header, metadata)
		}
	}
	return ex.bytes(http.StatusNoContent, header, nil)
}

// serveInspectorLearning answers that nothing was learned.
func serveInspectorLearning(*Runtime, *exchange) error {
	e := notFound()
	e.Header = neverKept()
	return e
}

// serveAnnotate records what a user has done.
func (rt *Runtime) serveAnnotate(ex *exchange) error {
	if rt.config.Intelligence == nil {
		return needsIntelligence("annotate requires")
	}
	fields, err := ex.jsonObject()
	if err != nil {
		return err
	}
	var annotation intelligence.Annotation
	if json.Unmarshal(fields["threadId"], &annotation.ThreadID) != nil || annotation.ThreadID == "" {
		return answerError(http.StatusBadRequest, "Valid threadId is required")
	}
	if json.Unmarshal(fields["type"], &annotation.Type) != nil || annotation.Type == "" {
		return answerError(http.StatusBadRequest, "Valid type is required")
	}
	annotation.Payload = fields["payload"]
	_ = json.Unmarshal(fields["clientEventId"], &annotation.ID) // what isn't a string is none
	_ = json.Unmarshal(fields["occurredAt"], &annotation.OccurredAt)
	for name, id := range map[string]string{"threadId": annotation.ThreadID, "type": annotation.Type, "clientEventId": annotation.ID, "occurredAt": annotation.OccurredAt} {
		if err := checkBodyID(name, id); err != nil {
			return err
		}
	}
	answer, err := rt.config.Intelligence.Platform.Annotate(ex.r.Context(), ex.user.ID, annotation)
	if err != nil {
		return refusedOrBadGateway("Failed to annotate", err)
	}
	return ex.kept(answer, nil)
}

// jsonObject reads a body that has to be a JSON object.
func (ex *exchange) jsonObject() (map[string]json.RawMessage, error) {
	data, err := ex.readBody()
	if err != nil {
		return nil, err
	}
	return jsonObject(data)
}

func jsonObject(data []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil || fields == nil {
		return nil, answerError(http.StatusBadRequest, "Invalid request body")
	}
	return fields, nil
}

// blank reports whether there is nothing but white space.
func blank(text string) bool { return strings.TrimSpace(text) == "" }
