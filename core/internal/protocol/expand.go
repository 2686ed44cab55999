package protocol

import (
	"fmt"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Expander turns chunk events into the start, content and end events that they stand
// for; all others pass through, after closing what a chunk left open. The chunks of
// each subagent, and those of the run's own agent, are in a lane of their own: they
// continue one another whatever comes between from other lanes.
//
// The zero value is ready for use; one Expander serves one run, in one goroutine.
type Expander struct {
	// lanes are what chunks have opened, in the order of opening, one at most for
	// each owner.
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

// Expand appends to dst what an event stands for. It fails for a chunk that neither
// continues anything nor says what it begins; the run can't go on then.
func (e *Expander) Expand(dst []agui.Event, event agui.Event) ([]agui.Event, error) {
	switch event.EventType() {
	case agui.EventTypeTextMessageChunk, agui.EventTypeToolCallChunk, agui.EventTypeReasoningMessageChunk:
		if encoded, ok := event.(agui.Encoded); ok {
			decoded, err := encoded.Decode()
			if err != nil {
				return dst, fmt.Errorf("%s: %w", event.EventType(), err)
			}
			event = decoded
		}
		return e.expandChunk(dst, event)
	case agui.EventTypeRaw, agui.EventTypeActivitySnapshot, agui.EventTypeActivityDelta, agui.EventTypeReasoningEncryptedValue:
		// These may come in the middle of a message.
		return append(dst, event), nil
	}
	if len(e.lanes) > 0 {
		dst = e.closeBefore(dst, event)
	}
	return append(dst, event), nil
}

// Close appends to dst the ends of what is still open.
func (e *Expander) Close(dst []agui.Event) []agui.Event {
	for _, open := range e.lanes {
		dst = append(dst, open.end())
	}
	e.lanes = e.lanes[:0]
	return dst
}

// closeBefore appends the ends of what an event that is no chunk interrupts: all
// lanes, if it is about the run or the whole conversation, and otherwise its own.
func (e *Expander) closeBefore(dst []agui.Event, event agui.Event) []agui.Event {
	switch event.EventType() {
	case agui.EventTypeRunStarted, agui.EventTypeRunFinished, agui.EventTypeRunError, agui.EventTypeMessagesSnapshot:
		return e.Close(dst)
	case agui.EventTypeSubagentStarted:
		return dst
	}
	owner := agui.SubagentOf(event)
	if owner == "" && isSubagentEnd(event.EventType()) {
		return dst
	}
	return e.closeLane(dst, owner)
}

func isSubagentEnd(eventType agui.EventType) bool {
	return eventType == agui.EventTypeSubagentFinished || eventType == agui.EventTypeSubagentError
}

func (e *Expander) closeLane(dst []agui.Event, owner string) []agui.Event {
	for i, open := range e.lanes {
		if open.owner == owner {
			e.lanes = append(e.lanes[:i], e.lanes[i+1:]...)
			return append(dst, open.end())
		}
	}
	return dst
}

// end returns the event that closes what is open in the lane.
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
