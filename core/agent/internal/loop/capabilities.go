package loop

import (
	"encoding/json"
	"maps"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Capabilities returns what every agent with a loop can do, with categories
// replaced as a whole by those configured.
func Capabilities(configured agui.Capabilities) agui.Capabilities {
	result := agui.Capabilities{
		"tools":          json.RawMessage(`{"supported":true,"clientProvided":true}`),
		"transport":      json.RawMessage(`{"streaming":true}`),
		"humanInTheLoop": json.RawMessage(`{"interrupts":true}`),
	}
	maps.Copy(result, configured)
	return result
}
