// Package loop plays the steps of a run: it asks a model, converts its answer to
// events, runs the tools that it called, and asks again with their results. It
// knows no provider.
package loop

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// Run is a run to be played once.
type Run struct {
	Input *agui.RunAgentInput
	Model model.Model
	// Request is the request of the first step. The loop appends the answers and
	// the results of tools to its messages.
	Request *model.Request
	Tools   *Tools
	// MaxSteps is how often the model may be asked. It is at least 1.
	MaxSteps int

	// callIDs are the ids of the thread's tool calls.
	callIDs map[string]bool
}

// defaultMaxSteps is the default for agents with tools that run here. The model
// has to see their results, and may need several of them.
const defaultMaxSteps = 10

// Settle checks the settings that the agents of this loop have in common, and sets the
// defaults of maxSteps and logger. It returns the definitions of the tools.
func Settle(tools []agent.ServerTool, sources []agent.ToolSource, maxSteps *int, logger **slog.Logger) ([]model.Tool, error) {
	definitions, err := Define(tools)
	if err != nil {
		return nil, err
	}
	switch {
	case *maxSteps < 0:
		return nil, errors.New("MaxSteps must not be negative")
	case *maxSteps == 0:
		*maxSteps = 1
		runsHere := func(tool agent.ServerTool) bool { return tool.Interrupt == nil }
		if len(sources) > 0 || slices.ContainsFunc(tools, runsHere) {
			*maxSteps = defaultMaxSteps
		}
	}
	if *logger == nil {
		*logger = slog.Default()
	}
	return definitions, nil
}

// Play yields the events of the run, to RUN_FINISHED or an error.
func (r *Run) Play(ctx context.Context, yield func(agui.Event, error) bool) {
	ctx, cancel := context.WithCancel(agent.WithInput(ctx, r.Input))
	defer cancel()
	r.callIDs = make(map[string]bool)
	for i := range r.Input.Messages {
		for _, call := range r.Input.Messages[i].ToolCalls {
			r.callIDs[call.ID] = true
		}
	}
	out := &emitter{yield: yield}
	if err := r.play(ctx, out); err != nil {
		out.fail(ctx, err)
	}
}

func (r *Run) play(ctx context.Context, out *emitter) error {
	var used usage
	finished := agui.RunFinishedEvent{ThreadID: r.Input.ThreadID, RunID: r.Input.RunID}
	for n := 1; ; n++ {
		answer, err := r.ask(ctx, out, n >= r.MaxSteps)
		if err != nil {
			return err
		}
		used.add(answer.finish)
		reason, err := json.Marshal(cmp.Or(answer.finish.Reason, model.FinishOther))
		if err != nil {
			return fmt.Errorf("encode the finish reason: %w", err)
		}
		finished.Extra = agui.Extra{"finishReason": reason}
		if len(answer.calls) == 0 {
			break
		}
		outcome, err := r.Tools.run(ctx, answer.calls, out)
		if err != nil {
			return err
		}
		if len(outcome.interrupts) > 0 {
			finished.Outcome = &agui.Outcome{Type: "interrupt", Interrupts: outcome.interrupts}
			break
		}
		if outcome.unanswered || n >= r.MaxSteps {
			break
		}
		r.Request.Messages = append(answer.appendTo(r.Request.Messages), outcome.results...)
		if r.Request.Settings.ToolChoice.Mode != model.ToolChoiceNone {
			// A tool that had to be called has been called.
			r.Request.Settings.ToolChoice = model.ToolChoice{}
		}
	}
	finished.Usage = used.totals()
	return out.send(finished)
}

// ask asks the model once and sends its answer as events. The answer ends with its
// finish: what a model yields after that would break the protocol. After the last step
// nobody asks what the answer's text was, but an observer may.
func (r *Run) ask(ctx context.Context, out *emitter, last bool) (*step, error) {
	answer := &step{out: out, messageID: agui.NewID(), callIDs: r.callIDs}
	defer r.report(ctx, answer)
	ctx, observed := r.observe(ctx)
	answer.keeps = !last || observed != nil && observed.content
	err := errBrokenOff // by a panic
	defer func() { observed.end(answer, err) }()
	if err = r.receive(ctx, answer, observed); err != nil {
		return nil, err
	}
	return answer, nil
}

// errBrokenOff is what becomes of a call of a model that panics.
var errBrokenOff = errors.New("the model panicked, or ended its goroutine")

// receive asks the model once. Without an error its answer is complete.
func (r *Run) receive(ctx context.Context, answer *step, observed *observed) error {
	for delta, err := range r.Model.Stream(ctx, r.Request) {
		if err != nil {
			return fmt.Errorf("ask the model: %w", err)
		}
		observed.begun()
		if err := answer.handle(&delta); err != nil {
			return err
		}
		if answer.finish != nil {
			return nil
		}
	}
	return model.NewError(model.CodeProviderUnavailable, errors.New("the model's answer is incomplete"))
}

// ClientError converts a [*model.Error] to an [*agent.Error]. It returns any other
// error as it is.
func ClientError(err error) error {
	if failed := (*model.Error)(nil); errors.As(err, &failed) {
		return &agent.Error{Code: string(failed.Code), Message: failed.Message, Err: failed.Err}
	}
	return err
}
