package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/http"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/store"
)

// serveThreadMessages shows the messages that the thread's last finished run left, the
// activities of all before it, and the messages that a run which isn't finished was begun
// with.
func (rt *Runtime) serveThreadMessages(ex *exchange) error {
	// In this order, a run that ends between the two is whole in the second.
	begun, err := rt.unfinishedInput(ex)
	if err != nil {
		return storeError("Failed to fetch thread messages", err)
	}
	snapshot, err := rt.snapshot(ex)
	if err != nil {
		return storeError("Failed to fetch thread messages", err)
	}
	var messages []agui.Message
	if len(snapshot.Messages) > 0 {
		if err := json.Unmarshal(snapshot.Messages, &messages); err != nil {
			return &failure{what: "Failed to fetch thread messages", err: err}
		}
	}
	history, err := rt.finished(ex)
	if err != nil {
		return storeError("Failed to fetch thread messages", err)
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
			return err
		}
	}
	return ex.json(http.StatusOK, answer)
}

// unfinishedInput returns the input that the thread's unfinished run shows, nil when
// there is no such run.
func (rt *Runtime) unfinishedInput(ex *exchange) (*agui.RunAgentInput, error) {
	ctx, cancel := ex.storeContext()
	defer cancel()
	key := ex.key(ex.route.ThreadID)
	// Beyond all records, a read finds no more than whether there is such a run.
	page, err := rt.store.Read(ctx, key, math.MaxInt64, false)
	if err != nil || page.FirstSeq == 0 {
		return nil, err
	}
	page, err = rt.store.Read(ctx, key, page.FirstSeq-1, false)
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

// serveThreadEvents shows the events of the thread's finished runs, compacted.
func (rt *Runtime) serveThreadEvents(ex *exchange) error {
	events, err := rt.history(ex)
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
	return ex.bytes(http.StatusOK, http.Header{"Content-Type": {contentTypeJSON}}, body.Bytes())
}

// serveThreadState shows the shared state after the thread's last finished run, null
// when its agents have never set one.
func (rt *Runtime) serveThreadState(ex *exchange) error {
	state, err := rt.sharedState(ex)
	if err != nil {
		return storeError("Failed to fetch thread state", err)
	}
	answer := struct {
		State json.RawMessage `json:"state"`
	}{json.RawMessage("null")}
	if state = bytes.TrimSpace(state); bytes.HasPrefix(state, []byte("{")) {
		answer.State = state
	}
	return ex.json(http.StatusOK, answer)
}

// sharedState returns what the thread's agents have made of the state, nil for
// nothing. A last run that said nothing of it leaves none in the snapshot: what the
// runs before it have said is in their events.
func (rt *Runtime) sharedState(ex *exchange) (json.RawMessage, error) {
	snapshot, err := rt.snapshot(ex)
	if err != nil || len(snapshot.State) > 0 {
		return snapshot.State, err
	}
	events, err := rt.finished(ex)
	return fold.LastState(events), err
}

// snapshot returns what the last finished run left, an empty one for a thread that
// doesn't exist.
func (rt *Runtime) snapshot(ex *exchange) (store.Snapshot, error) {
	ctx, cancel := ex.storeContext()
	defer cancel()
	snapshot, err := rt.store.Snapshot(ctx, ex.key(ex.route.ThreadID))
	if errors.Is(err, store.ErrNotFound) {
		return store.Snapshot{}, nil
	}
	return snapshot, err
}

// history returns the events of the finished runs, compacted; none for a thread that
// doesn't exist.
func (rt *Runtime) history(ex *exchange) ([]agui.Encoded, error) {
	events, err := rt.finished(ex)
	if err != nil {
		return nil, err
	}
	return fold.Compact(events)
}

// finished reads the events of the finished runs.
func (rt *Runtime) finished(ex *exchange) ([]agui.Encoded, error) {
	ctx, cancel := ex.storeContext()
	defer cancel()
	key := ex.key(ex.route.ThreadID)
	var events []agui.Encoded
	for after := int64(0); ; {
		page, err := rt.store.Read(ctx, key, after, false)
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
