package protocol

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agui"
)

// chunk is what the three kinds of chunk event have in common.
type chunk struct {
	kind  chunkKind
	id    string
	delta string
	// hasDelta distinguishes an empty delta from none.
	hasDelta bool
	metadata json.RawMessage
	subagent string
}

func (e *Expander) expandChunk(dst []agui.Event, event agui.Event) ([]agui.Event, error) {
	var c chunk
	var base *agui.BaseEvent
	switch v := event.(type) {
	case agui.TextMessageChunkEvent:
		c, base = chunk{kind: textChunk, id: v.MessageID, delta: v.Delta, hasDelta: v.HasDelta}, &v.BaseEvent
	case agui.ToolCallChunkEvent:
		c, base = chunk{kind: toolCallChunk, id: v.ToolCallID, delta: v.Delta, hasDelta: v.HasDelta}, &v.BaseEvent
	case agui.ReasoningMessageChunkEvent:
		c, base = chunk{kind: reasoningChunk, id: v.MessageID, delta: v.Delta, hasDelta: v.HasDelta}, &v.BaseEvent
	default:
		return dst, fmt.Errorf("%T is not one of this package's events by value", event)
	}
	c.hasDelta = c.hasDelta || c.delta != ""
	c.metadata, c.subagent = base.Metadata, base.SubagentRunID

	owner, err := e.owner(c)
	if err != nil {
		return dst, fmt.Errorf("%s: %w", event.EventType(), err)
	}
	before := len(dst)
	open, ok := e.lane(owner)
	if !ok || open.kind != c.kind || c.id != "" && c.id != open.id {
		dst = e.closeLane(dst, owner)
		start, err := startOf(event, c)
		if err != nil {
			return dst, fmt.Errorf("%s: %w", event.EventType(), err)
		}
		open = lane{kind: c.kind, owner: owner, id: c.id}
		e.lanes = append(e.lanes, open)
		dst = append(dst, start)
	}
	// Metadata alone travels on an empty delta, for the message it is about.
	if c.hasDelta || len(dst) == before && c.metadata != nil {
		if c.subagent == "" {
			c.subagent = owner
		}
		dst = append(dst, open.delta(c))
	}
	return dst, nil
}

// lane returns the lane of an owner, if there is one.
func (e *Expander) lane(owner string) (lane, bool) {
	for _, open := range e.lanes {
		if open.owner == owner {
			return open, true
		}
	}
	return lane{}, false
}

// owner returns the owner of the lane that a chunk is for: that where its id is open,
// else the one it names. A chunk that names nothing continues what the run's own
// agent has open, or else the only thing of its kind that is open at all.
func (e *Expander) owner(c chunk) (string, error) {
	if c.id != "" {
		for _, open := range e.lanes {
			if open.kind != c.kind || open.id != c.id {
				continue
			}
			if c.subagent != "" && c.subagent != open.owner {
				return "", fmt.Errorf("%s %q is not of subagent %q", c.kind, c.id, c.subagent)
			}
			return open.owner, nil
		}
		return c.subagent, nil
	}
	if c.subagent != "" {
		return c.subagent, nil
	}
	if own, ok := e.lane(""); ok && own.kind == c.kind {
		return "", nil
	}
	found, owner := 0, ""
	for _, open := range e.lanes {
		if open.kind == c.kind {
			found, owner = found+1, open.owner
		}
	}
	if found > 1 {
		return "", fmt.Errorf("%d subagents have a %s open, and the chunk names neither", found, c.kind)
	}
	return owner, nil
}

// startOf returns the event that opens what a chunk begins.
func startOf(event agui.Event, c chunk) (agui.Event, error) {
	base := agui.BaseEvent{Metadata: c.metadata, SubagentRunID: c.subagent}
	if c.id == "" {
		if c.kind == toolCallChunk {
			return nil, errors.New("the first chunk must have a toolCallId")
		}
		return nil, errors.New("the first chunk must have a messageId")
	}
	switch v := event.(type) {
	case agui.TextMessageChunkEvent:
		return agui.TextMessageStartEvent{BaseEvent: base, MessageID: c.id, Role: v.Role, Name: v.Name}, nil
	case agui.ToolCallChunkEvent:
		if v.ToolCallName == "" {
			return nil, errors.New("the first chunk must have a toolCallName")
		}
		return agui.ToolCallStartEvent{
			BaseEvent: base, ToolCallID: c.id, ToolCallName: v.ToolCallName, ParentMessageID: v.ParentMessageID,
		}, nil
	default:
		return agui.ReasoningMessageStartEvent{BaseEvent: base, MessageID: c.id}, nil
	}
}

// delta returns the event that carries a chunk's delta.
func (l lane) delta(c chunk) agui.Event {
	base := agui.BaseEvent{Metadata: c.metadata, SubagentRunID: c.subagent}
	switch l.kind {
	case textChunk:
		return agui.TextMessageContentEvent{BaseEvent: base, MessageID: l.id, Delta: c.delta}
	case toolCallChunk:
		return agui.ToolCallArgsEvent{BaseEvent: base, ToolCallID: l.id, Delta: c.delta}
	default:
		return agui.ReasoningMessageContentEvent{BaseEvent: base, MessageID: l.id, Delta: c.delta}
	}
}
