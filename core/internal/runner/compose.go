package runner

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/protocol"
)

// composer makes the event stream of one run from what the agent yields: it begins
// with RUN_STARTED, expands chunks, refuses what the protocol's clients would refuse,
// adds the end where it is missing, and encodes.
//
// RUN_STARTED is the runner's own, since it is sent before the agent has said
// anything; an agent's is left out, with all that it carries. A run has the ids that
// it was asked for: where the agent's RUN_STARTED has others, its RUN_FINISHED gets
// the run's.
//
// A replay may hold several runs; of it chunks are expanded, and all else is passed
// on.
type composer struct {
	replay bool

	input *agui.RunAgentInput
	// showInput puts the input into RUN_STARTED.
	showInput bool
	// maxBytes and maxEvents bound what is emitted before the end, 0 for no limit;
	// bytes and events count it.
	maxBytes, bytes   int64
	maxEvents, events int
	// ending is set when what is emitted closes the stream.
	ending bool
	// emit is called with each event of the stream, in order.
	emit   func(agui.Encoded)
	logger *slog.Logger
	// ctx is for the log.
	ctx context.Context

	// renames is set when the agent's RUN_STARTED has other ids than the run.
	renames  bool
	expander protocol.Expander
	progress protocol.Progress
	expanded []agui.Event
}

// take takes the agent's next event. After an error the stream must be ended.
func (c *composer) take(event agui.Event) error {
	if c.replay {
		return c.pass(event)
	}
	if c.progress.Terminated() {
		c.logger.DebugContext(c.ctx, "agent goes on after its terminal event", "event", event.EventType())
		return nil
	}
	if event.EventType() == agui.EventTypeRunStarted {
		return c.compareIDs(event)
	}
	expanded, err := c.expander.Expand(c.expanded[:0], event)
	if err != nil {
		return &invalidEventError{event.EventType(), err}
	}
	c.expanded = expanded
	for _, event := range expanded {
		if event.EventType() == agui.EventTypeRunFinished {
			if err := c.closeOpen(); err != nil {
				return err
			}
			if event, err = c.rename(event); err != nil {
				return err
			}
		}
		if err := c.put(event); err != nil {
			return err
		}
	}
	return nil
}

// pass passes an event of a replay on.
func (c *composer) pass(event agui.Event) error {
	expanded, err := c.expander.Expand(c.expanded[:0], event)
	if err != nil {
		return &invalidEventError{event.EventType(), err}
	}
	c.expanded = expanded
	for _, event := range expanded {
		encoded, err := agui.Encode(event)
		if err != nil {
			return &invalidEventError{event.EventType(), err}
		}
		c.emit(encoded)
	}
	return nil
}

// end adds what the stream lacks. A replay lacks nothing but the reason that it was
// cut short for.
func (c *composer) end(ending protocol.Ending) error {
	if c.replay {
		c.emit(runError(ending.Code, ending.Message))
		return nil
	}
	if c.progress.Terminated() {
		return nil
	}
	if err := c.start(); err != nil {
		return err
	}
	c.ending = true
	ending.ThreadID, ending.RunID = c.input.ThreadID, c.input.RunID
	for _, event := range c.expander.Close(nil) {
		if err := c.put(event); err != nil {
			return err
		}
	}
	for _, event := range c.progress.Finalize(ending) {
		if err := c.put(event); err != nil {
			return err
		}
	}
	return nil
}

// start opens the stream, unless that is done.
func (c *composer) start() error {
	if c.replay || c.progress.Started() {
		return nil
	}
	started := agui.RunStartedEvent{
		ThreadID: c.input.ThreadID, RunID: c.input.RunID,
	}
	if c.showInput {
		started.Input = c.input
	}
	return c.put(started)
}

// compareIDs takes the agent's RUN_STARTED, which isn't sent.
func (c *composer) compareIDs(event agui.Event) error {
	event, err := decoded(event)
	if err != nil {
		return err
	}
	started, ok := event.(agui.RunStartedEvent)
	c.renames = c.renames || ok && (started.ThreadID != c.input.ThreadID || started.RunID != c.input.RunID)
	return nil
}

// rename returns the agent's RUN_FINISHED with the ids of the run.
func (c *composer) rename(event agui.Event) (agui.Event, error) {
	if !c.renames {
		return event, nil
	}
	event, err := decoded(event)
	if finished, ok := event.(agui.RunFinishedEvent); ok {
		finished.ThreadID, finished.RunID = c.input.ThreadID, c.input.RunID
		event = finished
	}
	return event, err
}

// decoded returns the event that a remote agent has encoded.
func decoded(event agui.Event) (agui.Event, error) {
	encoded, ok := event.(agui.Encoded)
	if !ok {
		return event, nil
	}
	event, err := encoded.Decode()
	if err != nil {
		return nil, &invalidEventError{encoded.EventType(), fmt.Errorf("%s: %w", encoded.EventType(), err)}
	}
	return event, nil
}

// closeOpen ends what the agent left open before its RUN_FINISHED, which
// clients would refuse otherwise. A tool call without a result stays so: the
// front end answers it.
func (c *composer) closeOpen() error {
	for _, event := range c.progress.Closers() {
		if err := c.put(event); err != nil {
			return err
		}
	}
	return nil
}

func (c *composer) put(event agui.Event) error {
	encoded, err := agui.Encode(event)
	if err != nil {
		return &invalidEventError{event.EventType(), err}
	}
	if !c.ending {
		c.bytes += int64(len(encoded.JSON()))
		c.events++
		if c.maxBytes > 0 && c.bytes > c.maxBytes || c.maxEvents > 0 && c.events > c.maxEvents {
			return errTooLarge
		}
	}
	if err := c.progress.Observe(event); err != nil {
		return &invalidEventError{event.EventType(), err}
	}
	c.emit(encoded)
	return nil
}

// invalidEventError reports an event that can't be sent.
type invalidEventError struct {
	eventType agui.EventType
	err       error
}

// Error says what is wrong; err names the event already.
func (e *invalidEventError) Error() string { return "invalid event: " + e.err.Error() }

func (e *invalidEventError) Unwrap() error { return e.err }
