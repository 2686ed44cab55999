package openai

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// run plays a run, step by step.
func (a *Agent) run(ctx context.Context, input *agui.RunAgentInput, out *emitter) error {
	call, err := a.override(input.ForwardedProps)
	if err != nil {
		return err
	}
	messages, err := messagesOf(input, a.config.ForwardSystemMessages, a.config.ForwardDeveloperMessages)
	if err != nil {
		return err
	}
	if prompt := systemPrompt(call.prompt, input, !a.config.WithoutStateTools); prompt != "" {
		messages = append([]message{{Role: "system", Content: prompt}}, messages...)
	}
	tools, err := a.toolset(ctx, input)
	if err != nil {
		return err
	}
	choice, err := parseToolChoice(call.settings.ToolChoice)
	if err != nil {
		return err
	}

	var used usage
	finished := agui.RunFinishedEvent{ThreadID: input.ThreadID, RunID: input.RunID}
	for n := 1; ; n++ {
		step, err := a.step(ctx, &call, messages, tools, choice, out)
		if err != nil {
			return call.endpoint.failure(ctx, a.config.Logger, err)
		}
		used.add(call.endpoint, step)
		finished.Extra = agui.Extra{"finishReason": finishReason(step.finishReason)}
		if len(step.calls) == 0 {
			break
		}
		outcome, err := tools.run(ctx, step.calls, out)
		if err != nil {
			return err
		}
		if len(outcome.interrupts) > 0 {
			finished.Outcome = &agui.Outcome{Type: "interrupt", Interrupts: outcome.interrupts}
			break
		}
		if outcome.unanswered || n >= max(a.config.MaxSteps, 1) {
			break
		}
		messages = append(append(messages, step.message(call.endpoint.provider.echoReasoning)), outcome.results...)
		if choice != "none" {
			choice = nil // what had to be called has been called
		}
	}
	finished.Usage = used.totals()
	return out.send(finished)
}

// step calls the model once.
func (a *Agent) step(ctx context.Context, c *call, messages []message, tools *toolset, choice any, out *emitter) (*step, error) {
	body, err := c.body(messages, tools.definitions, choice)
	if err != nil {
		return nil, err
	}
	retries := defaultMaxRetries
	if c.settings.MaxRetries != nil {
		retries = *c.settings.MaxRetries
	}
	stream, err := c.endpoint.open(ctx, body, retries)
	if err != nil {
		return nil, fmt.Errorf("call the model: %w", err)
	}
	defer stream.Close()
	s := &step{out: out, messageID: newID()}
	if err := s.read(stream); err != nil {
		return nil, fmt.Errorf("read the model's answer: %w", err)
	}
	return s, nil
}

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

var _ interface {
	agent.Agent
	agent.Describer
	agent.CapabilityReporter
} = (*Agent)(nil)
