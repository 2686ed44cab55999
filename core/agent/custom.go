package agent

import (
	"context"
	"errors"
	"iter"

	"github.com/copilotkit-go/runtime/core/agui"
)

// CustomConfig describes a [Custom] agent. Only Events must be set.
type CustomConfig struct {
	// Events yields what happens in a run. RUN_STARTED, RUN_FINISHED and the
	// ends of reasoning need not be among it. An error that is an
	// [*InterruptError] ends the run with its questions; [Ask] makes one.
	Events Func
	// Description is what /info says of the agent. If empty, it says nothing.
	Description string
	// Capabilities is what /info says that the agent can do. Nil means nothing.
	Capabilities agui.Capabilities
}

// Custom is an agent of one's own that leaves a run's lifecycle to the runtime.
// Its events can come from anywhere; no model is needed.
type Custom struct {
	config CustomConfig
}

// NewCustom returns an agent whose events a function yields.
func NewCustom(config CustomConfig) (*Custom, error) {
	if config.Events == nil {
		return nil, errors.New("custom agent: Events is missing")
	}
	return &Custom{config: config}, nil
}

// Run yields the function's events and ends the run.
func (c *Custom) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		finished := agui.RunFinishedEvent{ThreadID: input.ThreadID, RunID: input.RunID}
		for event, err := range c.config.Events(ctx, input) {
			if question := (*InterruptError)(nil); errors.As(err, &question) {
				finished.Outcome = &agui.Outcome{Type: "interrupt", Interrupts: question.Interrupts}
				break
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if event == nil {
				continue // as the runner does
			}
			if !yield(event, nil) {
				return
			}
			switch event.EventType() {
			case agui.EventTypeRunFinished, agui.EventTypeRunError:
				return
			}
		}
		if err := context.Cause(ctx); err != nil {
			yield(nil, err)
			return
		}
		yield(finished, nil)
	}
}

// Description returns what the configuration says of the agent.
func (c *Custom) Description() string { return c.config.Description }

// Capabilities returns the configured ones.
func (c *Custom) Capabilities() agui.Capabilities { return c.config.Capabilities }

// InterruptError says that a run can't go on before a person has answered.
type InterruptError struct {
	Interrupts []agui.Interrupt
}

// Error returns a description of the error.
func (e *InterruptError) Error() string { return "the run waits for an answer" }

// Ask puts questions to a person. In a run that resumes with answers to all of
// them it returns the answers, in the order of the questions; in any other it
// fails with an [*InterruptError] for the run to end with.
func Ask(input *agui.RunAgentInput, questions ...agui.Interrupt) ([]agui.ResumeEntry, error) {
	answers := make([]agui.ResumeEntry, 0, len(questions))
	for _, question := range questions {
		for _, entry := range input.Resume {
			if entry.InterruptID == question.ID {
				answers = append(answers, entry)
				break
			}
		}
	}
	if len(questions) == 0 || len(answers) < len(questions) {
		return nil, &InterruptError{Interrupts: questions}
	}
	return answers, nil
}
