package loop

import (
	"encoding/json"
	"maps"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Capabilities returns the capabilities of every agent with a loop, with the
// configured categories in place of the same ones.
func Capabilities(configured agui.Capabilities) agui.Capabilities {
	result := agui.Capabilities{
		"tools":          json.RawMessage(`{"supported":true,"clientProvided":true}`),
		"transport":      json.RawMessage(`{"streaming":true}`),
		"humanInTheLoop": json.RawMessage(`{"interrupts":true}`),
	}
	maps.Copy(result, configured)
	return result
}
