// Package toolcalls finds the calls that an agent's run leaves open, and answers them: what
// the middlewares have in common that offer an agent tools and run them in its place.
package toolcalls

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agui"
)

// MaxArguments bounds the arguments of a call, in bytes.
const MaxArguments = 4 << 20

// Open are the calls of offered tools that a run makes itself. Those that an earlier run
// left open aren't among them: it was stopped, perhaps so that they aren't made. It is for
// one goroutine.
type Open[Tool any] struct {
	// tools are those that were offered, by name.
	tools map[string]Tool
	input *agui.RunAgentInput

	calls []*Call[Tool]
	byID  map[string]*Call[Tool]
	// chunked is the call that a chunk without an id continues.
	chunked string
}

// Call is a call of a tool that was offered.
type Call[Tool any] struct {
	Tool     Tool
	ID, Name string

	arguments []byte
	excessive bool
	answered  bool
}

// NewOpen returns what is open before a run's first event: nothing.
func NewOpen[Tool any](tools map[string]Tool, input *agui.RunAgentInput) *Open[Tool] {
	return &Open[Tool]{tools: tools, input: input}
}

// List returns the calls without a result, in order.
func (o *Open[Tool]) List() []*Call[Tool] {
	var open []*Call[Tool]
	for _, call := range o.calls {
		if !call.answered {
			open = append(open, call)
		}
	}
	return open
}

// Observe takes the agent's next event.
func (o *Open[Tool]) Observe(event agui.Event) {
	switch event.EventType() {
	case agui.EventTypeToolCallStart, agui.EventTypeToolCallChunk, agui.EventTypeToolCallArgs, agui.EventTypeToolCallResult:
	case agui.EventTypeMessagesSnapshot:
		o.snapshot(event)
		return
	default:
		return
	}
	switch event := event.(type) {
	case agui.ToolCallStartEvent:
		o.start(event.ToolCallID, event.ToolCallName)
	case agui.ToolCallArgsEvent:
		o.add(event.ToolCallID, event.Delta)
	case agui.ToolCallChunkEvent:
		o.chunk(event.ToolCallID, event.ToolCallName, event.Delta)
	case agui.ToolCallResultEvent:
		o.result(event.ToolCallID)
	case agui.Encoded:
		o.encoded(event)
	}
}

// encoded takes an event of a remote agent, of which it decodes what it needs.
func (o *Open[Tool]) encoded(event agui.Encoded) {
	id, _ := event.Text("toolCallId")
	if event.EventType() == agui.EventTypeToolCallArgs {
		if o.byID[string(id)] == nil {
			return
		}
	}
	name, _ := event.Text("toolCallName")
	delta, _ := event.Text("delta")
	switch event.EventType() {
	case agui.EventTypeToolCallStart:
		o.start(string(id), string(name))
	case agui.EventTypeToolCallArgs:
		o.add(string(id), string(delta))
	case agui.EventTypeToolCallChunk:
		o.chunk(string(id), string(name), string(delta))
	case agui.EventTypeToolCallResult:
		o.result(string(id))
	}
}

func (o *Open[Tool]) start(id, name string) *Call[Tool] {
	offered, ok := o.tools[name]
	if !ok || o.byID[id] != nil {
		return nil
	}
	if o.byID == nil {
		o.byID = make(map[string]*Call[Tool])
	}
	call := &Call[Tool]{Tool: offered, ID: id, Name: name}
	o.calls, o.byID[id] = append(o.calls, call), call
	return call
}

func (o *Open[Tool]) add(id, delta string) {
	call := o.byID[id]
	if call == nil {
		return
	}
	if len(call.arguments)+len(delta) > MaxArguments {
		call.arguments, call.excessive = nil, true
	}
	if !call.excessive {
		call.arguments = append(call.arguments, delta...)
	}
}

func (o *Open[Tool]) chunk(id, name, delta string) {
	if id != "" {
		o.chunked = id
	}
	if name != "" {
		o.start(o.chunked, name)
	}
	o.add(o.chunked, delta)
}

func (o *Open[Tool]) result(id string) {
	if call := o.byID[id]; call != nil {
		call.answered = true
	}
}

// Finish takes the end of the run. A call that waits for somebody's answer, perhaps whether
// it may be made, isn't open; none is when the run was canceled. It reports whether the run
// ended in one of these ways.
func (o *Open[Tool]) Finish(event agui.Event) (waits bool) {
	finished, ok := decoded(event).(agui.RunFinishedEvent)
	if !ok || finished.Outcome == nil {
		return false
	}
	canceled := finished.Outcome.Type == "cancelled"
	if canceled {
		o.calls = nil
	}
	for _, interrupt := range finished.Outcome.Interrupts {
		o.result(cmp.Or(interrupt.ToolCallID, interrupt.ID))
	}
	return canceled || len(finished.Outcome.Interrupts) > 0
}

// decoded returns the struct of an event that may be encoded, or the event itself if it
// isn't valid: the runner refuses it then.
func decoded(event agui.Event) agui.Event {
	if encoded, ok := event.(agui.Encoded); ok {
		if event, err := encoded.Decode(); err == nil {
			return event
		}
	}
	return event
}

// snapshot takes the messages of an agent that tells its calls that way.
func (o *Open[Tool]) snapshot(event agui.Event) {
	snapshot, ok := decoded(event).(agui.MessagesSnapshotEvent)
	if !ok {
		return
	}
	earlier := make(map[string]bool)
	for i := range o.input.Messages {
		for _, call := range o.input.Messages[i].ToolCalls {
			earlier[call.ID] = true
		}
	}
	for i := range snapshot.Messages {
		for _, call := range snapshot.Messages[i].ToolCalls {
			if earlier[call.ID] {
				continue
			}
			if begun := o.start(call.ID, call.Name); begun != nil {
				o.add(call.ID, call.Arguments)
			}
		}
	}
	for i := range snapshot.Messages {
		if snapshot.Messages[i].Role == agui.RoleTool {
			o.result(snapshot.Messages[i].ToolCallID)
		}
	}
}

// Object returns the arguments on one line; none are an empty object.
func (c *Call[Tool]) Object() (json.RawMessage, error) {
	if c.excessive {
		return nil, fmt.Errorf("more than %d bytes", MaxArguments)
	}
	return Object(c.arguments)
}

// Answer returns the event of the call's result.
func (c *Call[Tool]) Answer(content string) agui.Event {
	return agui.ToolCallResultEvent{MessageID: agui.NewID(), ToolCallID: c.ID, Content: content}
}

// Object returns a JSON object on one line; an empty text is an empty one.
func Object(text []byte) (json.RawMessage, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return json.RawMessage(`{}`), nil
	}
	if text[0] != '{' {
		return nil, errors.New("not a JSON object")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, errors.New("not JSON") // the error may quote them
	}
	return compact.Bytes(), nil
}
