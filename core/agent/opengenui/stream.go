package opengenui

import (
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
	"github.com/copilotkit-go/runtime/core/internal/protocol"
)

// maxHeld is how many bytes of arguments are held back at most.
const maxHeld = 64 << 10

// stream is one run's events on their way through.
type stream struct {
	yield func(agui.Event, error) bool
	// warn says that a call's arguments are no JSON.
	warn func(callID string)
	// left is set when nobody takes events any more.
	left bool

	expander protocol.Expander
	expanded []agui.Event
	// calls are the calls of the tool that have begun and not ended; they are few.
	calls []*call
}

// call is a call of the tool.
type call struct {
	id   string
	page page
	// held are the call's events until it has shown something, heldBytes what they have
	// of arguments. After that, shown is set.
	held      []agui.Event
	heldBytes int
	shown     bool
}

// take takes the agent's next event, and reports whether more are wanted.
func (s *stream) take(event agui.Event) bool {
	expanded, err := s.expander.Expand(s.expanded[:0], event)
	if err != nil {
		s.send(event) // which fails the run as it would have without this
		return !s.left
	}
	s.expanded = expanded
	for _, event := range expanded {
		s.handle(event)
	}
	return !s.left
}

// end ends a run whose agent has returned.
func (s *stream) end() {
	for _, event := range s.expander.Close(nil) {
		s.handle(event)
	}
	s.release()
}

func (s *stream) handle(event agui.Event) {
	switch event.EventType() {
	case agui.EventTypeToolCallStart:
		if id, name := startOf(event); name == ToolName {
			s.begin(id, event)
			return
		}
	case agui.EventTypeToolCallArgs:
		if len(s.calls) == 0 {
			break
		}
		id, delta := deltaOf(event)
		if c := s.call(id); c != nil {
			s.write(c, event, delta)
			return
		}
	case agui.EventTypeToolCallEnd:
		if len(s.calls) == 0 {
			break
		}
		if c := s.call(endOf(event)); c != nil {
			s.finish(c, event)
			return
		}
	case agui.EventTypeRunFinished:
		s.endOpen()
	case agui.EventTypeRunError:
		s.release()
	}
	s.send(event)
}

// begin holds the start of a call until there is something to show.
func (s *stream) begin(id string, start agui.Event) {
	if again := s.call(id); again != nil { // the runner refuses it
		s.show(again)
		s.forget(again)
	}
	c := &call{id: id, held: []agui.Event{start}}
	c.page = page{messageID: id + "-activity", send: func(event agui.Event) {
		s.send(event)
		s.show(c)
	}}
	s.calls = append(s.calls, c)
}

// write passes arguments on, and shows what they add to the page.
func (s *stream) write(c *call, args agui.Event, delta string) {
	if c.shown {
		s.send(args)
	} else {
		c.held = append(c.held, args)
		c.heldBytes += len(delta)
	}
	sound := !c.page.broken
	c.page.write(delta)
	if sound && c.page.broken {
		s.warn(c.id)
	}
	if c.heldBytes > maxHeld {
		s.show(c)
	}
}

// finish says that the page is whole, and ends the call.
func (s *stream) finish(c *call, end agui.Event) {
	c.page.finish()
	s.send(end)
	s.forget(c)
}

// endOpen ends the calls that the agent has left open in a run that has gone well, as the
// runner would: otherwise their pages are for ever being made.
func (s *stream) endOpen() {
	for len(s.calls) > 0 {
		c := s.calls[0]
		s.finish(c, agui.ToolCallEndEvent{ToolCallID: c.id})
	}
}

// show sends what was held back of a call.
func (s *stream) show(c *call) {
	if c.shown {
		return
	}
	c.shown = true
	for _, event := range c.held {
		s.send(event)
	}
	c.held = nil
}

// release sends all that was held back.
func (s *stream) release() {
	for _, c := range s.calls {
		s.show(c)
	}
}

func (s *stream) send(event agui.Event) {
	if !s.left {
		s.left = !s.yield(event, nil)
	}
}

func (s *stream) call(id string) *call {
	for _, c := range s.calls {
		if c.id == id {
			return c
		}
	}
	return nil
}

func (s *stream) forget(c *call) {
	for i := range s.calls {
		if s.calls[i] == c {
			s.calls = append(s.calls[:i], s.calls[i+1:]...)
			return
		}
	}
}

// startOf returns the id and the tool of a TOOL_CALL_START.
func startOf(event agui.Event) (id, name string) {
	switch v := event.(type) {
	case agui.ToolCallStartEvent:
		return v.ToolCallID, v.ToolCallName
	case agui.Encoded:
		return textOf(v, "toolCallId"), textOf(v, "toolCallName")
	}
	return "", ""
}

// deltaOf returns the id and the delta of a TOOL_CALL_ARGS.
func deltaOf(event agui.Event) (id, delta string) {
	switch v := event.(type) {
	case agui.ToolCallArgsEvent:
		return v.ToolCallID, v.Delta
	case agui.Encoded:
		if id, delta, plain := v.PlainDelta(); plain {
			return string(jsonscan.AppendText(nil, id)), string(jsonscan.AppendText(nil, delta))
		}
		return textOf(v, "toolCallId"), textOf(v, "delta")
	}
	return "", ""
}

// endOf returns the id of a TOOL_CALL_END.
func endOf(event agui.Event) string {
	switch v := event.(type) {
	case agui.ToolCallEndEvent:
		return v.ToolCallID
	case agui.Encoded:
		return textOf(v, "toolCallId")
	}
	return ""
}

func textOf(event agui.Encoded, name string) string {
	text, _ := event.Text(name)
	return string(text)
}
