package loop

import (
	"context"
	"errors"

	"github.com/copilotkit-go/runtime/core/agui"
)

// errGone means that the loop over the events has ended.
var errGone = errors.New("the run's events are no longer wanted")

// emitter yields the events of a run. It keeps track of the text or reasoning that
// is open, and closes it when something else begins.
type emitter struct {
	yield func(agui.Event, error) bool
	gone  bool

	// text and reasoning are the ids of the open messages, empty for none.
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

// fail ends the events with an error, after open reasoning.
func (e *emitter) fail(ctx context.Context, err error) {
	if errors.Is(err, errGone) || e.closeReasoning("") != nil {
		return
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	e.gone = true
	e.yield(nil, ClientError(err))
}

// addText adds text to the message with that id, which it opens if necessary.
func (e *emitter) addText(messageID, delta string) error {
	if err := e.closeReasoning(""); err != nil {
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

// openReasoning closes what is open and begins reasoning.
func (e *emitter) openReasoning() error {
	if err := e.closeAll(); err != nil {
		return err
	}
	e.reasoning = agui.NewID()
	if err := e.send(agui.ReasoningStartEvent{MessageID: e.reasoning}); err != nil {
		return err
	}
	return e.send(agui.ReasoningMessageStartEvent{MessageID: e.reasoning})
}

// closeReasoning ends the open reasoning, if any. Data is what the provider wants
// back with it, empty for nothing.
func (e *emitter) closeReasoning(data string) error {
	if e.reasoning == "" {
		return nil
	}
	id := e.reasoning
	e.reasoning = ""
	if err := e.send(agui.ReasoningMessageEndEvent{MessageID: id}); err != nil {
		return err
	}
	if data != "" {
		if err := e.sendData("message", id, data); err != nil {
			return err
		}
	}
	return e.send(agui.ReasoningEndEvent{MessageID: id})
}

// sendData sends the data that a provider wants back with a message or tool call.
func (e *emitter) sendData(subtype, id, data string) error {
	return e.send(agui.ReasoningEncryptedValueEvent{Subtype: subtype, EntityID: id, EncryptedValue: data})
}

// closeAll closes what is open.
func (e *emitter) closeAll() error {
	if err := e.closeReasoning(""); err != nil {
		return err
	}
	return e.closeText()
}
