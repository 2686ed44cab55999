package fold

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Thread folds events into the messages and the state that a thread has after
// them, as the protocol's clients do. It is for one goroutine.
type Thread struct {
	messages []*entry
	// byID and byCall find the first message with an id, and the message that has
	// a tool call.
	byID, byCall map[string]*entry
	state        state
	// restated says that the last MESSAGES_SNAPSHOT had activity messages, in place of
	// all others.
	restated bool
}

// NewThread returns the thread as a run was given it. The messages aren't changed.
func NewThread(messages []agui.Message, state json.RawMessage) *Thread {
	t := &Thread{}
	t.state.set(state)
	t.reset(messages)
	return t
}

func (t *Thread) reset(messages []agui.Message) {
	t.messages = make([]*entry, 0, len(messages)+4)
	t.byID = make(map[string]*entry, len(messages)+4)
	t.byCall = map[string]*entry{}
	for i := range messages {
		t.push(messages[i])
	}
}

// push adds a message at the end.
func (t *Thread) push(message agui.Message) *entry {
	message.ToolCalls = slices.Clone(message.ToolCalls)
	e := &entry{Message: message}
	t.messages = append(t.messages, e)
	t.index(e)
	return e
}

func (t *Thread) index(e *entry) {
	if _, ok := t.byID[e.ID]; !ok {
		t.byID[e.ID] = e
	}
	for _, call := range e.ToolCalls {
		if _, ok := t.byCall[call.ID]; !ok {
			t.byCall[call.ID] = e
		}
	}
}

// Messages returns the thread's messages so far. Later events don't change them.
func (t *Thread) Messages() []agui.Message {
	messages := make([]agui.Message, len(t.messages))
	for i, e := range t.messages {
		e.settle()
		messages[i] = e.Message
		messages[i].ToolCalls = slices.Clone(e.ToolCalls)
	}
	return messages
}

// State returns the shared state so far, nil for none.
func (t *Thread) State() json.RawMessage { return t.state.encode() }

// Add folds the next event. An event that is about a message or a call that isn't
// there changes nothing, nor does a JSON Patch that doesn't apply. Add fails for a
// chunk, which is to be expanded first, and for an event that isn't valid.
func (t *Thread) Add(event agui.Event) error {
	eventType := event.EventType()
	if encoded, ok := event.(agui.Encoded); ok {
		if id, delta, ok := encoded.PlainDelta(); ok {
			// Most events are deltas: they need no decoding into a struct.
			t.addDelta(eventType, id, delta)
			return nil
		}
		if changesNothing(eventType) {
			return nil
		}
		decoded, err := encoded.Decode()
		if err != nil {
			return fmt.Errorf("fold %s: %w", eventType, err)
		}
		event = decoded
	}
	if err := t.add(event); err != nil {
		return fmt.Errorf("fold %s: %w", eventType, err)
	}
	return nil
}

// changesNothing reports whether events of a type change neither messages nor
// state.
func changesNothing(eventType agui.EventType) bool {
	switch eventType {
	case agui.EventTypeRunFinished, agui.EventTypeRunError, agui.EventTypeStepStarted, agui.EventTypeStepFinished,
		agui.EventTypeReasoningStart, agui.EventTypeReasoningEnd, agui.EventTypeRaw, agui.EventTypeCustom,
		agui.EventTypeSubagentStarted, agui.EventTypeSubagentFinished, agui.EventTypeSubagentError,
		agui.EventTypeThinkingStart, agui.EventTypeThinkingEnd, agui.EventTypeThinkingTextMessageStart,
		agui.EventTypeThinkingTextMessageContent, agui.EventTypeThinkingTextMessageEnd:
		return true
	}
	return false
}

func (t *Thread) add(event agui.Event) error {
	switch v := event.(type) {
	case agui.TextMessageContentEvent:
		t.addText(v.MessageID, v.Delta, v.Metadata)
	case agui.ReasoningMessageContentEvent:
		t.addText(v.MessageID, v.Delta, v.Metadata)
	case agui.ToolCallArgsEvent:
		t.addArguments(v.ToolCallID, v.Delta, v.Metadata)
	case agui.TextMessageStartEvent:
		t.start(agui.Message{ID: v.MessageID, Role: cmp.Or(v.Role, agui.RoleAssistant), Name: v.Name}, &v.BaseEvent)
	case agui.ReasoningMessageStartEvent:
		t.start(agui.Message{ID: v.MessageID, Role: agui.RoleReasoning}, &v.BaseEvent)
	case agui.TextMessageEndEvent:
		t.addMetadata(v.MessageID, v.Metadata)
	case agui.ReasoningMessageEndEvent:
		t.addMetadata(v.MessageID, v.Metadata)
	case agui.ToolCallStartEvent:
		t.startCall(v)
	case agui.ToolCallEndEvent:
		if _, call := t.call(v.ToolCallID); call != nil {
			call.Metadata = mergeMetadata(call.Metadata, v.Metadata)
		}
	case agui.ToolCallResultEvent:
		t.addResult(v)
	case agui.StateSnapshotEvent:
		t.state.set(orNull(v.Snapshot))
	case agui.StateDeltaEvent:
		t.state.patch(v.Delta)
	case agui.MessagesSnapshotEvent:
		t.replace(v.Messages)
	case agui.ActivitySnapshotEvent:
		t.setActivity(v)
	case agui.ActivityDeltaEvent:
		t.patchActivity(v)
	case agui.RunStartedEvent:
		if v.Input != nil {
			for _, message := range v.Input.Messages {
				if t.byID[message.ID] == nil {
					t.push(message)
				}
			}
		}
	case agui.ReasoningEncryptedValueEvent:
		t.setEncryptedValue(v)
	case agui.TextMessageChunkEvent, agui.ToolCallChunkEvent, agui.ReasoningMessageChunkEvent:
		return errors.New("chunks must be expanded")
	}
	return nil
}

// orNull returns a JSON value, null where there is none.
func orNull(value json.RawMessage) json.RawMessage {
	if value == nil {
		return json.RawMessage("null")
	}
	return value
}

// replace puts the messages of a snapshot in place of those with the same id,
// and new ones at the end. The rest goes, but for activity and reasoning messages
// where the snapshot has none of their kind: agents that keep none would wipe them
// out.
func (t *Thread) replace(snapshot []agui.Message) {
	byID := make(map[string]*agui.Message, len(snapshot))
	var hasActivity, hasReasoning bool
	for i := range snapshot {
		byID[snapshot[i].ID] = &snapshot[i]
		hasActivity = hasActivity || snapshot[i].Role == agui.RoleActivity
		hasReasoning = hasReasoning || snapshot[i].Role == agui.RoleReasoning
	}
	t.restated = hasActivity
	kept := make([]agui.Message, 0, len(snapshot)+4)
	have := make(map[string]bool, len(snapshot))
	for _, message := range t.Messages() {
		if message.Role == agui.RoleActivity && !hasActivity || message.Role == agui.RoleReasoning && !hasReasoning {
			kept = append(kept, message)
		} else if replacement := byID[message.ID]; replacement != nil {
			kept = append(kept, *replacement)
		} else {
			continue
		}
		have[message.ID] = true
	}
	for _, message := range snapshot {
		if !have[message.ID] {
			kept = append(kept, message)
		}
	}
	t.reset(kept)
}
