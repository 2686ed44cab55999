package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/store"
)

// threadMessages shows the messages that the thread's last finished run left.
func (x *exchange) threadMessages() error {
	snapshot, err := x.snapshot()
	if err != nil {
		return storeError("Failed to fetch thread messages", err)
	}
	var messages []agui.Message
	if len(snapshot.Messages) > 0 {
		if err := json.Unmarshal(snapshot.Messages, &messages); err != nil {
			return &failure{what: "Failed to fetch thread messages", err: err}
		}
	}
	answer := struct {
		Messages []messageJSON `json:"messages"`
	}{make([]messageJSON, len(messages))}
	for i, message := range messages {
		if answer.Messages[i], err = newMessageJSON(message); err != nil {
			return err
		}
	}
	return x.json(http.StatusOK, answer)
}

// threadEvents shows the events of the thread's finished runs, compacted.
func (x *exchange) threadEvents() error {
	events, err := x.history()
	if err != nil {
		return storeError("Failed to fetch thread events", err)
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
	return x.bytes(http.StatusOK, http.Header{"Content-Type": {contentTypeJSON}}, body.Bytes())
}

// threadState shows the shared state after the thread's last finished run, null
// when its agents have never set one.
func (x *exchange) threadState() error {
	state, err := x.sharedState()
	if err != nil {
		return storeError("Failed to fetch thread state", err)
	}
	answer := struct {
		State json.RawMessage `json:"state"`
	}{json.RawMessage("null")}
	if state = bytes.TrimSpace(state); bytes.HasPrefix(state, []byte("{")) {
		answer.State = state
	}
	return x.json(http.StatusOK, answer)
}

// sharedState returns what the thread's agents have made of the state, nil for
// nothing. A last run that said nothing of it leaves none in the snapshot: what the
// runs before it have said is in their events.
func (x *exchange) sharedState() (json.RawMessage, error) {
	snapshot, err := x.snapshot()
	if err != nil || len(snapshot.State) > 0 {
		return snapshot.State, err
	}
	events, err := x.finished()
	return fold.LastState(events), err
}

// snapshot returns what the last finished run left, an empty one for a thread that
// doesn't exist.
func (x *exchange) snapshot() (store.Snapshot, error) {
	owner, err := x.owner()
	if err != nil {
		return store.Snapshot{}, err
	}
	ctx, cancel := x.storeContext()
	defer cancel()
	snapshot, err := x.store.Snapshot(ctx, store.Key{Owner: owner, ID: x.route.ThreadID})
	if errors.Is(err, store.ErrNotFound) {
		return store.Snapshot{}, nil
	}
	return snapshot, err
}

// history returns the events of the finished runs, compacted; none for a thread that
// doesn't exist.
func (x *exchange) history() ([]agui.Encoded, error) {
	events, err := x.finished()
	if err != nil {
		return nil, err
	}
	return fold.Compact(events)
}

// finished reads the events of the finished runs.
func (x *exchange) finished() ([]agui.Encoded, error) {
	owner, err := x.owner()
	if err != nil {
		return nil, err
	}
	ctx, cancel := x.storeContext()
	defer cancel()
	key := store.Key{Owner: owner, ID: x.route.ThreadID}
	var events []agui.Encoded
	for after := int64(0); ; {
		page, err := x.store.Read(ctx, key, after, false)
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
