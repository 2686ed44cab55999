package agent

import (
	"context"

	"github.com/copilotkit-go/runtime/core/agui"
)

type inputKey struct{}

// WithInput returns a context that carries the input of a run. Agents call their
// tools with it.
func WithInput(ctx context.Context, input *agui.RunAgentInput) context.Context {
	return context.WithValue(ctx, inputKey{}, input)
}

// Input returns the input of the run that a tool is called in: its thread, its
// messages, and the state as it was at the start. It must not be modified. Input
// returns nil outside of a run.
func Input(ctx context.Context) *agui.RunAgentInput {
	input, _ := ctx.Value(inputKey{}).(*agui.RunAgentInput)
	return input
}
