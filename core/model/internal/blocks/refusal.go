package blocks

import (
	"net/http"
	"strings"

	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// RefusesReasoning reports whether a provider has refused a request because of the
// reasoning in it: its signature, its place, or its model.
func RefusesReasoning(failure *transport.Failure) bool {
	text := strings.ToLower(failure.Message)
	return failure.Status == http.StatusBadRequest &&
		(strings.Contains(text, "thinking") && (strings.Contains(text, "signature") || strings.Contains(text, "block")) || strings.Contains(text, "reasoningcontent"))
}
