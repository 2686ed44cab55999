package agent

import (
	"context"
	"errors"
	"iter"

	"github.com/copilotkit-go/runtime/core/agui"
)

// FactoryConfig describes a [Factory].
type FactoryConfig struct {
	// Events yields what happens in a run. RUN_STARTED, RUN_FINISHED and the
	// ends of reasoning need not be among it. An error that is an [*Interrupted]
	// ends the run with its questions; [Ask] makes one.
	Events Func
	// Description is what /info says of the agent.
	Description string
	// Capabilities is what /info says that the agent can do.
	Capabilities agui.Capabilities
}

// Factory is an agent of one's own that leaves a run's lifecycle to the runtime.
type Factory struct {
	config FactoryConfig
}

// NewFactory makes an agent from a function that yields AG-UI events.
func NewFactory(config FactoryConfig) (*Factory, error) {
	if config.Events == nil {
		return nil, errors.New("agent factory: Events is missing")
	}
	return &Factory{config: config}, nil
}

// Run yields the function's events and ends the run.
func (f *Factory) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		finished := agui.RunFinishedEvent{ThreadID: input.ThreadID, RunID: input.RunID}
		for event, err := range f.config.Events(ctx, input) {
			if question := (*Interrupted)(nil); errors.As(err, &question) {
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

// Description is what the configuration says of the agent.
func (f *Factory) Description() string { return f.config.Description }

// Capabilities are the configured ones.
func (f *Factory) Capabilities() agui.Capabilities { return f.config.Capabilities }

// Interrupted says that a run can't go on before a person has answered.
type Interrupted struct {
	Interrupts []agui.Interrupt
}

// Error says that the run waits.
func (e *Interrupted) Error() string { return "the run waits for an answer" }

// Ask puts questions to a person. A run that resumes with answers to all of them
// gets the answers, in the order of the questions; any other gets an
// [*Interrupted] error to end with.
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
		return nil, &Interrupted{Interrupts: questions}
	}
	return answers, nil
}
