package managed

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/copilotkit-go/runtime/core/intelligence"
)

// Thread implements [intelligence.Platform].
func (p *Platform) Thread(ctx context.Context, user, threadID string) (intelligence.Thread, error) {
	return p.thread(ctx, call{
		name: "get thread", method: http.MethodGet, path: "/api/threads/", id: threadID, hasID: true, user: user, place: inQuery,
	})
}

// Threads implements [intelligence.Platform].
func (p *Platform) Threads(ctx context.Context, user string, query intelligence.ThreadQuery) (json.RawMessage, error) {
	values := url.Values{"agentId": {query.AgentID}}
	if query.IncludeArchived {
		values.Set("includeArchived", "true")
	}
	if query.Limit != "" {
		values.Set("limit", query.Limit)
	}
	if query.Cursor != "" {
		values.Set("cursor", query.Cursor)
	}
	return p.object(ctx, call{name: "list threads", method: http.MethodGet, path: "/api/threads", user: user, place: inQuery, query: values})
}

// CreateThread implements [intelligence.Platform].
func (p *Platform) CreateThread(ctx context.Context, user, agentID, threadID, name string) (intelligence.Thread, error) {
	return p.createThread(ctx, user, agentID, threadID, name, "")
}

func (p *Platform) createThread(ctx context.Context, user, agentID, threadID, name, container string) (intelligence.Thread, error) {
	return p.thread(ctx, call{
		name: "create thread", method: http.MethodPost, path: "/api/threads", user: user, place: inBody,
		body: filled(map[string]any{"threadId": threadID, "agentId": agentID}, "name", name, "learningContainerId", container),
	})
}

// getOrCreateThread returns a user's thread, and whether it was created. Of several that
// create it at once one does.
func (p *Platform) getOrCreateThread(ctx context.Context, user, agentID, threadID, container string) (thread intelligence.Thread, created bool, err error) {
	thread, err = p.Thread(ctx, user, threadID)
	if !hasStatus(err, http.StatusNotFound) {
		return thread, false, err
	}
	thread, err = p.createThread(ctx, user, agentID, threadID, "", container)
	if !hasStatus(err, http.StatusConflict) {
		return thread, err == nil, err
	}
	thread, err = p.Thread(ctx, user, threadID)
	return thread, false, err
}

// UpdateThread implements [intelligence.Platform].
func (p *Platform) UpdateThread(ctx context.Context, user, agentID, threadID string, patch intelligence.ThreadPatch) (intelligence.Thread, error) {
	body := map[string]any{"agentId": agentID}
	if patch.Name != nil {
		body["name"] = patch.Name
	}
	if patch.Archived != nil {
		body["archived"] = *patch.Archived
	}
	return p.thread(ctx, call{
		name: "update thread", method: http.MethodPatch, path: "/api/threads/", id: threadID, hasID: true, user: user, place: inBody, body: body,
	})
}

// DeleteThread implements [intelligence.Platform].
func (p *Platform) DeleteThread(ctx context.Context, user, agentID, threadID string) error {
	_, err := p.do(ctx, call{
		name: "delete thread", method: http.MethodDelete, path: "/api/threads/", id: threadID, hasID: true, user: user, place: inBody,
		body: map[string]any{
			"agentId": agentID,
			"reason":  fmt.Sprintf("Deleted via CopilotKit runtime (userId=%s, agentId=%s)", userID(user), agentID),
		},
	})
	return err
}

// SubscribeThreads implements [intelligence.Platform].
func (p *Platform) SubscribeThreads(ctx context.Context, user string) (json.RawMessage, error) {
	c := call{name: "subscribe to threads", method: http.MethodPost, path: "/api/threads/subscribe", user: user, place: inBody, body: map[string]any{}}
	var answer struct {
		JoinToken string `json:"joinToken"`
	}
	if err := p.decode(ctx, c, &answer); err != nil {
		return nil, err
	}
	if answer.JoinToken == "" {
		return nil, &intelligence.Error{Call: c.name, Err: errAnswer}
	}
	return json.Marshal(answer)
}

// thread makes a call whose answer is {"thread"}.
func (p *Platform) thread(ctx context.Context, c call) (intelligence.Thread, error) {
	var answer struct{ Thread json.RawMessage }
	if err := p.decode(ctx, c, &answer); err != nil {
		return intelligence.Thread{}, err
	}
	var fields struct{ ID, Name, AgentID text }
	if len(answer.Thread) == 0 || answer.Thread[0] != '{' || json.Unmarshal(answer.Thread, &fields) != nil {
		return intelligence.Thread{}, &intelligence.Error{Call: c.name, Err: errAnswer}
	}
	return intelligence.Thread{ID: string(fields.ID), Name: string(fields.Name), AgentID: string(fields.AgentID), JSON: answer.Thread}, nil
}
