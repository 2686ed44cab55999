package openai

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
)

// systemPrompt puts together the agent's prompt, what the application told, and
// the state that it shares. It is empty when there is none of them.
func systemPrompt(prompt string, input *agui.RunAgentInput, stateTools bool) string {
	var b strings.Builder
	b.WriteString(prompt)
	if len(input.Context) > 0 {
		b.WriteString("\n## Context from the application\n\n")
		for _, context := range input.Context {
			b.WriteString(context.Description + ":\n" + context.Value + "\n")
		}
	}
	if hasState(input.State) {
		b.WriteString("\n## State of the application\n")
		if stateTools {
			b.WriteString("You share this state with the application. To change it, call " +
				stateDeltaTool + " with the changes, or " + stateSnapshotTool + " with the whole new state.\n")
		}
		b.WriteString("```json\n" + indented(input.State) + "\n```\n")
	}
	return b.String()
}

// hasState tells whether there is a state worth telling of.
func hasState(state json.RawMessage) bool {
	switch string(bytes.TrimSpace(state)) {
	case "", "null", "{}":
		return false
	}
	return compacted(state) != "{}"
}

// indented gives JSON on many lines, as models read it best. What is large or
// nested very deep stays as it is: it could come to a thousand times its size.
func indented(value json.RawMessage) string {
	const largest, deepest = 64 << 10, 50
	var b bytes.Buffer
	if len(value) > largest || depth(value) > deepest || json.Indent(&b, value, "", "  ") != nil {
		return string(value)
	}
	return b.String()
}

// depth is how deep the arrays and objects of JSON are nested.
func depth(value json.RawMessage) (deepest int) {
	open, inString := 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			open++
			deepest = max(deepest, open)
		case c == '}' || c == ']':
			open--
		}
	}
	return deepest
}
