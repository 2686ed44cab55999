package managed

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// Messages implements [intelligence.Platform].
func (p *Platform) Messages(ctx context.Context, user, threadID string) (json.RawMessage, error) {
	return p.object(ctx, messagesOf(user, threadID))
}

// messageIDs returns the ids of a thread's messages.
func (p *Platform) messageIDs(ctx context.Context, user, threadID string) (map[string]bool, error) {
	c := messagesOf(user, threadID)
	answer, err := p.object(ctx, c)
	if err != nil {
		return nil, err
	}
	messages, ok := jsonscan.Lookup(answer, "messages")
	if !ok || jsonscan.Kind(messages) != "array" {
		return nil, &intelligence.Error{Call: c.name, Err: errAnswer}
	}
	ids := make(map[string]bool)
	for each := jsonscan.ElementsOf(messages); each.Next(); {
		if jsonscan.Kind(each.Value) != "object" {
			continue
		}
		if id, ok := jsonscan.Lookup(each.Value, "id"); ok && jsonscan.Kind(id) == "string" {
			ids[string(jsonscan.Text(id))] = true
		}
	}
	return ids, nil
}

func messagesOf(user, threadID string) call {
	return call{
		name: "get messages", method: http.MethodGet, path: "/api/threads/", id: threadID, rest: "/messages", hasID: true,
		user: user, place: inQuery, limit: maxHistory,
	}
}

// Events implements [intelligence.Platform].
func (p *Platform) Events(ctx context.Context, threadID string) (json.RawMessage, error) {
	return p.object(ctx, call{
		name: "get events", method: http.MethodGet, path: "/api/_inspect/threads/", id: threadID, rest: "/events", hasID: true, limit: maxHistory,
	})
}

// State implements [intelligence.Platform].
func (p *Platform) State(ctx context.Context, threadID string) (json.RawMessage, error) {
	var answer struct {
		Kind  text
		State json.RawMessage
	}
	err := p.decode(ctx, call{
		name: "get state", method: http.MethodGet, path: "/api/_inspect/threads/", id: threadID, rest: "/state", hasID: true, limit: maxHistory,
	}, &answer)
	if err != nil || answer.Kind != "snapshot" || string(answer.State) == "null" {
		return nil, err
	}
	return answer.State, nil
}
