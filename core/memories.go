package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/intelligence"
)

// servesMemories reports whether there are routes of memories.
func (rt *Runtime) servesMemories() bool {
	config := rt.config.Intelligence
	return config != nil && (config.Memory != nil || config.ServeMemories)
}

// serveMemories answers the routes of memories, which front ends manage with them: list,
// create, replace, remove, recall and subscribe.
func (rt *Runtime) serveMemories(ex *exchange) error {
	platform := rt.config.Intelligence.Platform
	ctx := ex.r.Context()
	switch route, method := ex.route.Name, ex.r.Method; {
	case route == RouteMemories && method == http.MethodGet:
		return rt.memories(ex, http.StatusOK, "Failed to list memories", func(access intelligence.MemoryAccess) (json.RawMessage, error) {
			return platform.Memories(ctx, access, ex.r.URL.Query().Get("includeInvalidated") == "true")
		})
	case route == RouteMemoriesSubscribe:
		return rt.memories(ex, http.StatusOK, "Failed to subscribe to memories", func(access intelligence.MemoryAccess) (json.RawMessage, error) {
			return platform.SubscribeMemories(ctx, access)
		})
	case route == RouteMemory && method == http.MethodDelete:
		return rt.memories(ex, http.StatusNoContent, "Failed to remove memory", func(access intelligence.MemoryAccess) (json.RawMessage, error) {
			return nil, platform.RemoveMemory(ctx, access, ex.route.MemoryID)
		})
	case route == RouteMemoriesRecall:
		query, err := ex.recallQuery()
		if err != nil {
			return err
		}
		return rt.memories(ex, http.StatusOK, "Failed to recall memories", func(access intelligence.MemoryAccess) (json.RawMessage, error) {
			return platform.Recall(ctx, access, query)
		})
	}
	memory, err := ex.memory()
	if err != nil {
		return err
	}
	if ex.route.Name == RouteMemory {
		return rt.memories(ex, http.StatusOK, "Failed to update memory", func(access intelligence.MemoryAccess) (json.RawMessage, error) {
			return platform.ReplaceMemory(ctx, access, ex.route.MemoryID, memory)
		})
	}
	return rt.memories(ex, http.StatusCreated, "Failed to create memory", func(access intelligence.MemoryAccess) (json.RawMessage, error) {
		return platform.CreateMemory(ctx, access, memory)
	})
}

// memories answers with what the platform says, if the policy lets the front end ask.
func (rt *Runtime) memories(ex *exchange, status int, what string, ask func(intelligence.MemoryAccess) (json.RawMessage, error)) error {
	access, err := rt.memoryAccess(ex, intelligence.Client)
	if err != nil {
		return err
	}
	if access.Grant != nil && *access.Grant == (intelligence.Grant{}) {
		return answerError(http.StatusForbidden, "Memory access denied")
	}
	answer, err := ask(access)
	if err != nil {
		return answerError4xx(what, err)
	}
	header := make(http.Header)
	if answer != nil {
		header.Set("Content-Type", contentTypeJSON)
	}
	return ex.bytes(status, header, answer)
}

// memoryAccess asks the policy in whose name memories are used.
func (rt *Runtime) memoryAccess(ex *exchange, consumer intelligence.Consumer) (intelligence.MemoryAccess, error) {
	access := intelligence.MemoryAccess{User: ex.user.ID}
	policy := rt.config.Intelligence.Memory
	if policy == nil {
		return access, nil
	}
	var grant intelligence.Grant
	err := recovering(func() (err error) {
		grant, err = policy(ex.r.Context(), ex.user, consumer)
		return err
	})
	if err != nil {
		return access, &HTTPError{Status: http.StatusInternalServerError, Body: errorBody{Error: "Memory policy failed"}, Err: err}
	}
	for _, scope := range []*intelligence.Scope{&grant.User, &grant.Project} {
		switch *scope {
		case intelligence.None:
			*scope = ""
		case "", intelligence.Read, intelligence.ReadWrite:
		default:
			return access, &HTTPError{Status: http.StatusInternalServerError, Body: errorBody{Error: "Memory policy returned an invalid grant"},
				Err: fmt.Errorf("memory scope %q", *scope)}
		}
	}
	access.Grant = &grant
	return access, nil
}

// memoryTools returns what gives a run's agent the memories that the policy grants it.
func (k platformKeeper) memoryTools(ex *exchange) ([]agent.Extension, error) {
	if k.intelligence.Memory == nil {
		return nil, nil
	}
	access, err := k.memoryAccess(ex, intelligence.Agent)
	if err != nil || *access.Grant == (intelligence.Grant{}) {
		return nil, err
	}
	return []agent.Extension{k.platform.MemoryTools(access)}, nil
}

var (
	memoryKinds  = []string{"topical", "episodic", "operational"}
	memoryScopes = []string{"user", "project"}
)

// memory reads a memory that is to be kept.
func (ex *exchange) memory() (memory intelligence.Memory, err error) {
	fields, err := ex.jsonObject()
	if err != nil {
		return memory, err
	}
	if unmarshalString(fields["content"], &memory.Content) != nil || unmarshalString(fields["kind"], &memory.Kind) != nil {
		return memory, answerError(http.StatusBadRequest, "Memory requires string `content` and `kind`")
	}
	if !slices.Contains(memoryKinds, memory.Kind) {
		return memory, answerError(http.StatusBadRequest, "Memory `kind` must be one of: topical, episodic, operational")
	}
	if memory.Scope, err = scope(fields, "Memory"); err != nil {
		return memory, err
	}
	if raw, ok := fields["sourceThreadIds"]; ok && (isNull(raw) || json.Unmarshal(raw, &memory.SourceThreadIDs) != nil) {
		return memory, answerError(http.StatusBadRequest, "Memory `sourceThreadIds` must be an array of strings when provided")
	}
	return memory, nil
}

// recallQuery reads what is to be remembered.
func (ex *exchange) recallQuery() (query intelligence.RecallQuery, err error) {
	fields, err := ex.jsonObject()
	if err != nil {
		return query, err
	}
	if unmarshalString(fields["query"], &query.Query) != nil || blank(query.Query) {
		return query, answerError(http.StatusBadRequest, "Recall requires a non-empty string `query`")
	}
	if raw, ok := fields["limit"]; ok && (json.Unmarshal(raw, &query.Limit) != nil || query.Limit < 1) {
		return query, answerError(http.StatusBadRequest, "Recall `limit` must be a positive integer")
	}
	query.Scope, err = scope(fields, "Recall")
	return query, err
}

// scope reads whose memories are meant, "" for what wasn't said.
func scope(fields map[string]json.RawMessage, what string) (scope string, err error) {
	raw, ok := fields["scope"]
	if !ok {
		return "", nil
	}
	if unmarshalString(raw, &scope) != nil {
		return "", answerError(http.StatusBadRequest, what+" `scope` must be a string when provided")
	}
	if !slices.Contains(memoryScopes, scope) {
		return "", answerError(http.StatusBadRequest, what+" `scope` must be one of: user, project")
	}
	return scope, nil
}

// unmarshalString decodes a string; null is none.
func unmarshalString(raw json.RawMessage, text *string) error {
	if isNull(raw) {
		return errors.New("not a string")
	}
	return json.Unmarshal(raw, text)
}
