package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/store"
)

// messages returns the messages that the thread's last finished run left, the activities
// of all before it, and the messages that a run which isn't finished was begun with.
func (k storeKeeper) messages(ex *exchange, key store.Key) (any, error) {
	const what = "Failed to fetch thread messages"
	// In this order, a run that ends between the two is whole in the second.
	begun, err := k.unfinishedInput(ex, key)
	if err != nil {
		return nil, storeError(what, err)
	}
	snapshot, err := k.snapshot(ex, key)
	if err != nil {
		return nil, storeError(what, err)
	}
	var messages []agui.Message
	if len(snapshot.Messages) > 0 {
		if err := json.Unmarshal(snapshot.Messages, &messages); err != nil {
			return nil, &failure{what: what, err: err}
		}
	}
	history, err := k.finished(ex, key)
	if err != nil {
		return nil, storeError(what, err)
	}
	messages = fold.WithActivities(messages, history)
	if begun != nil {
		messages = appendUnknown(messages, begun.Messages)
	}
	answer := struct {
		Messages []messageJSON `json:"messages"`
	}{make([]messageJSON, len(messages))}
	for i, message := range messages {
		if answer.Messages[i], err = newMessageJSON(message); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// unfinishedInput returns the input that the thread's unfinished run shows, nil when
// there is no such run.
func (k storeKeeper) unfinishedInput(ex *exchange, key store.Key) (*agui.RunAgentInput, error) {
	ctx, cancel := ex.storeContext()
	defer cancel()
	// Beyond all records, a read finds no more than whether there is such a run.
	page, err := k.store.Read(ctx, key, math.MaxInt64, false)
	if err != nil || page.FirstSeq == 0 {
		return nil, err
	}
	page, err = k.store.Read(ctx, key, page.FirstSeq-1, false)
	if err != nil || page.FirstSeq == 0 || len(page.Records) == 0 || page.Records[0].Seq != page.FirstSeq {
		return nil, err
	}
	event, err := page.Records[0].Event.Decode()
	if err != nil {
		return nil, err
	}
	started, _ := event.(agui.RunStartedEvent)
	return started.Input, nil
}

// appendUnknown appends those messages whose ids aren't among messages.
func appendUnknown(messages, more []agui.Message) []agui.Message {
	known := make(map[string]bool, len(messages))
	for i := range messages {
		known[messages[i].ID] = true
	}
	for _, message := range more {
		if !known[message.ID] {
			messages = append(messages, message)
		}
	}
	return messages
}

// events returns the events of the thread's finished runs, compacted.
func (k storeKeeper) events(ex *exchange, key store.Key) (any, error) {
	const what = "Failed to fetch thread events"
	finished, err := k.finished(ex, key)
	if err != nil {
		return nil, storeError(what, err)
	}
	events, err := fold.Compact(finished)
	if err != nil {
		return nil, storeError(what, err)
	}
	var body bytes.Buffer
	body.WriteString(`{"events":[`)
	for i, event := range events {
		if i > 0 {
			body.WriteByte(',')
		}
		body.Write(event.JSON())
	}
	body.WriteString("]}")
	return json.RawMessage(body.Bytes()), nil
}

// state returns the shared state after the thread's last finished run, null when its
// agents have never set one.
func (k storeKeeper) state(ex *exchange, key store.Key) (any, error) {
	state, err := k.sharedState(ex, key)
	if err != nil {
		return nil, storeError("Failed to fetch thread state", err)
	}
	if state = bytes.TrimSpace(state); !bytes.HasPrefix(state, []byte("{")) {
		state = nil
	}
	return newStateJSON(state), nil
}

// sharedState returns what the thread's agents have made of the state, nil for
// nothing. A last run that said nothing of it leaves none in the snapshot: what the
// runs before it have said is in their events.
func (k storeKeeper) sharedState(ex *exchange, key store.Key) (json.RawMessage, error) {
	snapshot, err := k.snapshot(ex, key)
	if err != nil || len(snapshot.State) > 0 {
		return snapshot.State, err
	}
	events, err := k.finished(ex, key)
	return fold.LastState(events), err
}

// snapshot returns what the last finished run left, an empty one for a thread that
// doesn't exist.
func (k storeKeeper) snapshot(ex *exchange, key store.Key) (store.Snapshot, error) {
	ctx, cancel := ex.storeContext()
	defer cancel()
	snapshot, err := k.store.Snapshot(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return store.Snapshot{}, nil
	}
	return snapshot, err
}

// finished reads the events of the finished runs.
func (k storeKeeper) finished(ex *exchange, key store.Key) ([]agui.Encoded, error) {
	ctx, cancel := ex.storeContext()
	defer cancel()
	var events []agui.Encoded
	for after := int64(0); ; {
		page, err := k.store.Read(ctx, key, after, false)
		if err != nil || len(page.Records) == 0 {
			return events, err
		}
		for _, record := range page.Records {
			if page.FirstSeq > 0 && record.Seq >= page.FirstSeq {
				return events, nil
			}
			events = append(events, record.Event)
			after = record.Seq
		}
	}
}

// messageJSON is a message as the thread routes show it: flatter than AG-UI's.
type messageJSON struct {
	ID         string          `json:"id"`
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content,omitempty"`
	ToolCalls  []toolCallJSON  `json:"toolCalls,omitempty"`
	ToolCallID string          `json:"toolCallId,omitempty"`
}

type toolCallJSON struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Args string `json:"args"`
}

func newMessageJSON(message agui.Message) (messageJSON, error) {
	m := messageJSON{ID: message.ID, Role: string(message.Role)}
	if message.Role == agui.RoleTool {
		m.ToolCallID = message.ToolCallID
	}
	if message.Role == agui.RoleAssistant {
		for _, call := range message.ToolCalls {
			m.ToolCalls = append(m.ToolCalls, toolCallJSON{ID: call.ID, Name: call.Name, Args: call.Arguments})
		}
	}
	if message.Content.IsAbsent() {
		return m, nil
	}
	// The content's JSON is the message's own: text, parts or an object.
	data, err := message.MarshalJSON()
	if err != nil {
		return m, err
	}
	var fields struct {
		Content json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(data, &fields); err != nil {
		return m, err
	}
	m.Content = fields.Content
	return m, nil
}
