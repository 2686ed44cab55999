package protocol

import (
	"fmt"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Expander turns chunk events into the start, content and end events that they
// stand for; all others pass through, after closing what a chunk left open.
// Each subagent's chunks, and those of the run's own agent, are a lane of their
// own: they continue one another whatever comes between from other lanes.
//
// The zero value is ready; one Expander serves one run, in one goroutine.
type Expander struct {
	// lanes holds what chunks have opened, in the order of opening. One lane at
	// most has a given owner.
	lanes []lane
}

// lane is a message or a tool call that chunks of one owner have opened.
type lane struct {
	kind chunkKind
	// owner is the subagent, "" for the run's own agent.
	owner string
	id    string
}

type chunkKind string

const (
	textChunk      chunkKind = "text message"
	toolCallChunk  chunkKind = "tool call"
	reasoningChunk chunkKind = "reasoning message"
)

// Expand appends to dst what event stands for. It fails for a chunk that neither
// continues anything nor says what it begins; the run can't go on then.
func (x *Expander) Expand(dst []agui.Event, event agui.Event) ([]agui.Event, error) {
	switch event.EventType() {
	case agui.EventTypeTextMessageChunk, agui.EventTypeToolCallChunk, agui.EventTypeReasoningMessageChunk:
		if encoded, ok := event.(agui.Encoded); ok {
			decoded, err := encoded.Decode()
			if err != nil {
				return dst, fmt.Errorf("%s: %w", event.EventType(), err)
			}
			event = decoded
		}
		return x.expandChunk(dst, event)
	case agui.EventTypeRaw, agui.EventTypeActivitySnapshot, agui.EventTypeActivityDelta, agui.EventTypeReasoningEncryptedValue:
		// These may come in the middle of a message.
		return append(dst, event), nil
	}
	if len(x.lanes) > 0 {
		dst = x.closeBefore(dst, event)
	}
	return append(dst, event), nil
}

// Close appends to dst the ends of what is still open.
func (x *Expander) Close(dst []agui.Event) []agui.Event {
	for _, open := range x.lanes {
		dst = append(dst, open.end())
	}
	x.lanes = x.lanes[:0]
	return dst
}

// closeBefore closes what event, which is no chunk, interrupts: all lanes, if it
// is about the run or the whole conversation, and otherwise the lane of its own.
func (x *Expander) closeBefore(dst []agui.Event, event agui.Event) []agui.Event {
	switch event.EventType() {
	case agui.EventTypeRunStarted, agui.EventTypeRunFinished, agui.EventTypeRunError, agui.EventTypeMessagesSnapshot:
		return x.Close(dst)
	case agui.EventTypeSubagentStarted:
		return dst
	}
	owner := agui.SubagentOf(event)
	if owner == "" && isSubagentEnd(event.EventType()) {
		return dst
	}
	return x.closeLane(dst, owner)
}

func isSubagentEnd(eventType agui.EventType) bool {
	return eventType == agui.EventTypeSubagentFinished || eventType == agui.EventTypeSubagentError
}

func (x *Expander) closeLane(dst []agui.Event, owner string) []agui.Event {
	for i, open := range x.lanes {
		if open.owner == owner {
			x.lanes = append(x.lanes[:i], x.lanes[i+1:]...)
			return append(dst, open.end())
		}
	}
	return dst
}

// end is the event that closes what the lane holds.
func (l lane) end() agui.Event {
	base := agui.BaseEvent{SubagentRunID: l.owner}
	switch l.kind {
	case textChunk:
		return agui.TextMessageEndEvent{BaseEvent: base, MessageID: l.id}
	case toolCallChunk:
		return agui.ToolCallEndEvent{BaseEvent: base, ToolCallID: l.id}
	default:
		return agui.ReasoningMessageEndEvent{BaseEvent: base, MessageID: l.id}
	}
}
