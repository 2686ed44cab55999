package runner

import (
	"fmt"
	"log/slog"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/protocol"
)

// composer makes the event stream of one run from what the agent yields: it adds
// RUN_STARTED and the end where they are missing, expands chunks, refuses what the
// protocol's clients would refuse, and encodes. A replay may hold several runs; of
// it chunks are expanded, and all else is passed on.
type composer struct {
	replay bool

	input *agui.RunAgentInput
	// showInput puts the input into RUN_STARTED.
	showInput bool
	// emit is called with each event of the stream, in order.
	emit   func(agui.Encoded)
	logger *slog.Logger

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
		c.logger.Debug("agent goes on after its terminal event", "event", event.EventType())
		return nil
	}
	if event.EventType() == agui.EventTypeRunStarted {
		if c.progress.Started() {
			c.logger.Debug("agent starts its run again")
			return nil
		}
		return c.start(event)
	}
	if err := c.started(); err != nil {
		return err
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
	if err := c.started(); err != nil {
		return err
	}
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

// start opens the stream with the agent's RUN_STARTED.
func (c *composer) start(event agui.Event) error {
	if !c.showInput {
		return c.put(event)
	}
	if encoded, ok := event.(agui.Encoded); ok {
		decoded, err := encoded.Decode()
		if err != nil {
			return &invalidEventError{event.EventType(), fmt.Errorf("%s: %w", event.EventType(), err)}
		}
		if started, ok := decoded.(agui.RunStartedEvent); ok && started.Input == nil {
			event = started
		}
	}
	if started, ok := event.(agui.RunStartedEvent); ok && started.Input == nil {
		started.Input = c.input
		event = started
	}
	return c.put(event)
}

// started opens the stream unless the agent has.
func (c *composer) started() error {
	if c.progress.Started() {
		return nil
	}
	return c.start(agui.RunStartedEvent{
		ThreadID: c.input.ThreadID, RunID: c.input.RunID, ParentRunID: c.input.ParentRunID,
	})
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
