package builtin

import (
	"strings"

	"github.com/copilotkit-go/runtime/core/agent/internal/loop"
	"github.com/copilotkit-go/runtime/core/agui"
)

// systemPrompt joins the agent's prompt, the application's context and the shared
// state. It returns "" if there is none of them.
func systemPrompt(prompt string, input *agui.RunAgentInput, stateTools bool) string {
	var b strings.Builder
	b.WriteString(prompt)
	if len(input.Context) > 0 {
		b.WriteString("\n## Context from the application\n\n")
		for _, context := range input.Context {
			b.WriteString(context.Description + ":\n" + context.Value + "\n")
		}
	}
	if loop.HasState(input.State) {
		b.WriteString("\n## State of the application\n")
		if stateTools {
			b.WriteString("You share this state with the application. To change it, call " +
				loop.StateDeltaTool + " with the changes, or " + loop.StateSnapshotTool + " with the whole new state.\n")
		}
		b.WriteString("```json\n" + loop.Indent(input.State) + "\n```\n")
	}
	return b.String()
}
