package openai

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agui"
)

// errGone means that nobody wants more events.
var errGone = errors.New("the run's events are no longer wanted")

// emitter hands a run's events to whoever ranges over them. It knows what text
// and what reasoning is open, and closes it where something else begins.
type emitter struct {
	yield func(agui.Event, error) bool
	gone  bool

	// text and reasoning are the ids of what is open, empty for none.
	text, reasoning string
}

func (e *emitter) send(event agui.Event) error {
	if e.gone {
		return errGone
	}
	if !e.yield(event, nil) {
		e.gone = true
		return errGone
	}
	return nil
}

// fail ends the events with an error. Reasoning is always closed.
func (e *emitter) fail(ctx context.Context, err error) {
	if errors.Is(err, errGone) || e.closeReasoning() != nil {
		return
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	e.gone = true
	e.yield(nil, err)
}

// addText adds to the message with that id, and opens it first if need be.
func (e *emitter) addText(messageID, delta string) error {
	if err := e.closeReasoning(); err != nil {
		return err
	}
	if e.text != messageID {
		if err := e.closeText(); err != nil {
			return err
		}
		e.text = messageID
		if err := e.send(agui.TextMessageStartEvent{MessageID: messageID, Role: agui.RoleAssistant}); err != nil {
			return err
		}
	}
	return e.send(agui.TextMessageContentEvent{MessageID: messageID, Delta: delta})
}

func (e *emitter) closeText() error {
	if e.text == "" {
		return nil
	}
	id := e.text
	e.text = ""
	return e.send(agui.TextMessageEndEvent{MessageID: id})
}

// addReasoning adds to the open reasoning, and opens one first if need be.
func (e *emitter) addReasoning(delta string) error {
	if e.reasoning == "" {
		if err := e.closeText(); err != nil {
			return err
		}
		e.reasoning = newID()
		if err := e.send(agui.ReasoningStartEvent{MessageID: e.reasoning}); err != nil {
			return err
		}
		if err := e.send(agui.ReasoningMessageStartEvent{MessageID: e.reasoning}); err != nil {
			return err
		}
	}
	return e.send(agui.ReasoningMessageContentEvent{MessageID: e.reasoning, Delta: delta})
}

func (e *emitter) closeReasoning() error {
	if e.reasoning == "" {
		return nil
	}
	id := e.reasoning
	e.reasoning = ""
	if err := e.send(agui.ReasoningMessageEndEvent{MessageID: id}); err != nil {
		return err
	}
	return e.send(agui.ReasoningEndEvent{MessageID: id})
}

// closeAll closes what is open.
func (e *emitter) closeAll() error {
	if err := e.closeReasoning(); err != nil {
		return err
	}
	return e.closeText()
}

// newID makes a random UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
