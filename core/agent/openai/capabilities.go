package openai

import (
	"encoding/json"
	"maps"

	"github.com/copilotkit-go/runtime/core/agui"
)

// capabilities are what every agent of this package can do, with categories
// replaced as a whole by those given.
func capabilities(given agui.Capabilities) agui.Capabilities {
	result := agui.Capabilities{
		"tools":          json.RawMessage(`{"supported":true,"clientProvided":true}`),
		"transport":      json.RawMessage(`{"streaming":true}`),
		"humanInTheLoop": json.RawMessage(`{"interrupts":true}`),
	}
	maps.Copy(result, given)
	return result
}
