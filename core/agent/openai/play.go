package openai

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// model is what answers the steps of one run, and remembers them.
type model interface {
	// open calls the model for the step with that number, from 1.
	open(ctx context.Context, n int) (chunks, error)
	// learn adds an answer, and the results of its calls, to what the next step
	// is told.
	learn(answer *step, results []message)
	// name names the provider and the model.
	name() (provider, model string)
}

// play plays the steps of a run, and ends it.
func play(ctx context.Context, m model, tools *toolset, maxSteps int, input *agui.RunAgentInput, out *emitter) error {
	ctx = agent.WithInput(ctx, input)
	var used usage
	finished := agui.RunFinishedEvent{ThreadID: input.ThreadID, RunID: input.RunID}
	for n := 1; ; n++ {
		answer, err := ask(ctx, m, n, out)
		if err != nil {
			return err
		}
		used.add(m, answer)
		finished.Extra = agui.Extra{"finishReason": finishReason(answer.finishReason)}
		if len(answer.calls) == 0 {
			break
		}
		outcome, err := tools.run(ctx, answer.calls, out)
		if err != nil {
			return err
		}
		if len(outcome.interrupts) > 0 {
			finished.Outcome = &agui.Outcome{Type: "interrupt", Interrupts: outcome.interrupts}
			break
		}
		if outcome.unanswered || n >= maxSteps {
			break
		}
		m.learn(answer, outcome.results)
	}
	finished.Usage = used.totals()
	return out.send(finished)
}

// ask calls the model once and sends what it answers.
func ask(ctx context.Context, m model, n int, out *emitter) (*step, error) {
	stream, err := m.open(ctx, n)
	if err != nil {
		return nil, &modelError{fmt.Errorf("call the model: %w", err)}
	}
	defer stream.Close()
	answer := &step{out: out, messageID: newID()}
	if err := answer.read(stream); err != nil {
		return nil, &modelError{fmt.Errorf("read the model's answer: %w", err)}
	}
	return answer, nil
}

// modelError marks what went wrong with a model call, apart from what went wrong
// before or after it.
type modelError struct{ error }

// Unwrap gives the cause.
func (e *modelError) Unwrap() error { return e.error }

// finishReason gives the provider's reason in the words of the reference
// runtime, as JSON.
func finishReason(reason string) json.RawMessage {
	switch reason {
	case "stop", "length":
		return json.RawMessage(`"` + reason + `"`)
	case "tool_calls", "function_call":
		return json.RawMessage(`"tool-calls"`)
	case "content_filter":
		return json.RawMessage(`"content-filter"`)
	}
	return json.RawMessage(`"other"`)
}
