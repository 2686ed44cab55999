package mcpapps

import (
	"github.com/copilotkit-go/runtime/core/agui"
)

// maxArguments bounds the arguments of a call, in bytes.
const maxArguments = 4 << 20

// openCalls are the calls of offered tools that a run makes itself. Those that an
// earlier run left open aren't among them: it was stopped, perhaps so that they aren't
// made.
type openCalls struct {
	tools map[string]tool
	input *agui.RunAgentInput

	calls []*openCall
	byID  map[string]*openCall
	// chunked is the call that a chunk without an id continues.
	chunked string
}

type openCall struct {
	tool
	id, name  string
	arguments []byte
	excessive bool
	answered  bool
}

// list returns the calls without a result, in order.
func (o *openCalls) list() []*openCall {
	var open []*openCall
	for _, call := range o.calls {
		if !call.answered {
			open = append(open, call)
		}
	}
	return open
}

// observe takes the agent's next event.
func (o *openCalls) observe(event agui.Event) {
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
func (o *openCalls) encoded(event agui.Encoded) {
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

func (o *openCalls) start(id, name string) *openCall {
	offered, ok := o.tools[name]
	if !ok || o.byID[id] != nil {
		return nil
	}
	if o.byID == nil {
		o.byID = make(map[string]*openCall)
	}
	call := &openCall{tool: offered, id: id, name: name}
	o.calls, o.byID[id] = append(o.calls, call), call
	return call
}

func (o *openCalls) add(id, delta string) {
	call := o.byID[id]
	if call == nil {
		return
	}
	if len(call.arguments)+len(delta) > maxArguments {
		call.arguments, call.excessive = nil, true
	}
	if !call.excessive {
		call.arguments = append(call.arguments, delta...)
	}
}

func (o *openCalls) chunk(id, name, delta string) {
	if id != "" {
		o.chunked = id
	}
	if name != "" {
		o.start(o.chunked, name)
	}
	o.add(o.chunked, delta)
}

func (o *openCalls) result(id string) {
	if call := o.byID[id]; call != nil {
		call.answered = true
	}
}

// snapshot takes the messages of an agent that tells its calls that way.
func (o *openCalls) snapshot(event agui.Event) {
	if encoded, ok := event.(agui.Encoded); ok {
		decoded, err := encoded.Decode()
		if err != nil {
			return // the runner refuses it
		}
		event = decoded
	}
	snapshot, ok := event.(agui.MessagesSnapshotEvent)
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
