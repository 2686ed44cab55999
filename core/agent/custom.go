package agent

import (
	"context"
	"errors"
	"iter"

	"github.com/copilotkit-go/runtime/core/agui"
)

// CustomConfig describes a [Custom] agent. Only Events must be set.
type CustomConfig struct {
	// Events yields the events of a run. It may omit RUN_STARTED, RUN_FINISHED and
	// the ends of reasoning. An error that is an [*InterruptError], as [Ask] returns
	// it, ends the run with its questions.
	Events Func
	// Description is what /info shows as the agent's description. If empty, the
	// agent has none.
	Description string
	// Capabilities is what /info shows as the agent's capabilities. If nil, it shows
	// none.
	Capabilities agui.Capabilities
}

// Custom is an agent whose events come from a function. The lifecycle of a run is
// the runtime's; no model is needed. It is safe for concurrent use if the function
// is.
type Custom struct {
	config CustomConfig
}

// NewCustom returns an agent that yields the events of config.Events.
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

// Description returns the configured description.
func (c *Custom) Description() string { return c.config.Description }

// Capabilities returns the configured capabilities.
func (c *Custom) Capabilities() agui.Capabilities { return c.config.Capabilities }

// InterruptError is the error of a run that can't continue before a person has
// answered.
type InterruptError struct {
	// Interrupts are the questions, at least one.
	Interrupts []agui.Interrupt
}

// Error reports that the run waits.
func (e *InterruptError) Error() string { return "the run waits for an answer" }

// Ask puts questions to a person. In a run that resumes with answers to all of
// them it returns the answers, in the order of the questions. In any other run it
// returns an [*InterruptError], with which the run has to end.
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
