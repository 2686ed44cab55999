package managed

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/copilotkit-go/runtime/core/intelligence"
)

// Memories implements [intelligence.Platform].
func (p *Platform) Memories(ctx context.Context, access intelligence.MemoryAccess, includeInvalidated bool) (json.RawMessage, error) {
	var query url.Values
	if includeInvalidated {
		query = url.Values{"includeInvalidated": {"true"}}
	}
	return p.object(ctx, remembered(access, call{name: "list memories", method: http.MethodGet, path: "/api/memories", query: query}))
}

// CreateMemory implements [intelligence.Platform].
func (p *Platform) CreateMemory(ctx context.Context, access intelligence.MemoryAccess, memory intelligence.Memory) (json.RawMessage, error) {
	return p.object(ctx, remembered(access, call{
		name: "create memory", method: http.MethodPost, path: "/api/memories", body: bodyOf(memory),
	}))
}

// ReplaceMemory implements [intelligence.Platform].
func (p *Platform) ReplaceMemory(ctx context.Context, access intelligence.MemoryAccess, id string, memory intelligence.Memory) (json.RawMessage, error) {
	return p.object(ctx, remembered(access, call{
		name: "replace memory", method: http.MethodPatch, path: "/api/memories/", id: id, hasID: true, body: bodyOf(memory),
	}))
}

// RemoveMemory implements [intelligence.Platform].
func (p *Platform) RemoveMemory(ctx context.Context, access intelligence.MemoryAccess, id string) error {
	_, err := p.do(ctx, remembered(access, call{
		name: "remove memory", method: http.MethodDelete, path: "/api/memories/", id: id, hasID: true,
	}))
	return err
}

// Recall implements [intelligence.Platform].
func (p *Platform) Recall(ctx context.Context, access intelligence.MemoryAccess, query intelligence.RecallQuery) (json.RawMessage, error) {
	body := filled(map[string]any{"query": query.Query}, "scope", query.Scope)
	if query.Limit > 0 {
		body["limit"] = query.Limit
	}
	return p.object(ctx, remembered(access, call{
		name: "recall memories", method: http.MethodPost, path: "/api/memories/recall", body: body, repeatable: true,
	}))
}

// SubscribeMemories implements [intelligence.Platform].
func (p *Platform) SubscribeMemories(ctx context.Context, access intelligence.MemoryAccess) (json.RawMessage, error) {
	return p.object(ctx, remembered(access, call{
		name: "subscribe to memories", method: http.MethodPost, path: "/api/memories/subscribe",
	}))
}

// remembered returns a call in the name of whom memories are used, with what that may do.
func remembered(access intelligence.MemoryAccess, c call) call {
	c.user, c.place = access.User, inHeader
	c.header = grantHeader(access.Grant)
	c.limit = maxMemories
	return c
}

// maxMemories is how much an answer about memories may have, in bytes.
const maxMemories = 16 << 20

// grantHeader tells the platform what may be done with memories. Without a policy it isn't
// told.
func grantHeader(grant *intelligence.Grant) http.Header {
	if grant == nil {
		return nil
	}
	scopes, _ := json.Marshal(struct {
		User    intelligence.Scope `json:"user"`
		Project intelligence.Scope `json:"project"`
	}{scopeOf(grant.User), scopeOf(grant.Project)}) // strings can be encoded
	return http.Header{"X-Cpki-Memory-Grant": {string(scopes)}}
}

func scopeOf(scope intelligence.Scope) intelligence.Scope {
	if scope == "" {
		return intelligence.None
	}
	return scope
}

func bodyOf(memory intelligence.Memory) map[string]any {
	sources := memory.SourceThreadIDs
	if sources == nil {
		sources = []string{} // it replaces those that there were
	}
	return filled(map[string]any{"content": memory.Content, "kind": memory.Kind, "sourceThreadIds": sources}, "scope", memory.Scope)
}
