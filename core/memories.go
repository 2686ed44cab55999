package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
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
			answer, err := platform.Memories(ctx, access, ex.r.URL.Query().Get("includeInvalidated") == "true")
			return listed("list", answer, err)
		})
	case route == RouteMemoriesSubscribe:
		return rt.memories(ex, http.StatusOK, "Failed to subscribe to memories", func(access intelligence.MemoryAccess) (json.RawMessage, error) {
			answer, err := platform.SubscribeMemories(ctx, access)
			return subscribed(answer, err)
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
			answer, err := platform.Recall(ctx, access, query)
			return listed("recall", answer, err)
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

// listed returns an answer of the platform that has to be a list of memories.
func listed(what string, answer json.RawMessage, err error) (json.RawMessage, error) {
	if err != nil {
		return nil, err
	}
	var list struct {
		Memories []json.RawMessage `json:"memories"`
	}
	if json.Unmarshal(answer, &list) != nil || list.Memories == nil {
		return nil, answerError(http.StatusBadGateway, "Memory platform returned an invalid "+what+" response")
	}
	return answer, nil
}

// subscribed returns of an answer of the platform what lets a front end follow memories.
func subscribed(answer json.RawMessage, err error) (json.RawMessage, error) {
	if err != nil {
		return nil, err
	}
	var tokens struct {
		JoinToken        json.RawMessage `json:"joinToken,omitempty"`
		JoinCode         json.RawMessage `json:"joinCode,omitempty"`
		ProjectJoinToken json.RawMessage `json:"projectJoinToken,omitempty"`
		ProjectJoinCode  json.RawMessage `json:"projectJoinCode,omitempty"`
	}
	if err := json.Unmarshal(answer, &tokens); err != nil {
		return nil, err
	}
	return encodeJSON(tokens)
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
	if refused := (*HTTPError)(nil); errors.As(err, &refused) {
		return refused
	}
	if err != nil {
		return refusedOrBadGateway(what, err)
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
	failed := func(answer string, err error) error {
		rt.config.Logger.ErrorContext(ex.r.Context(), "the policy of memories failed", "error", err)
		return &HTTPError{Status: http.StatusInternalServerError, Body: errorBody{Error: answer}, Err: err}
	}
	if err != nil {
		return access, failed("Memory policy failed", err)
	}
	for _, scope := range []*intelligence.Scope{&grant.User, &grant.Project} {
		switch *scope {
		case intelligence.None:
			*scope = ""
		case "", intelligence.Read, intelligence.ReadWrite:
		default:
			return access, failed("Memory policy returned an invalid grant", fmt.Errorf("memory scope %q", *scope))
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
	if raw, ok := fields["sourceThreadIds"]; ok {
		var ids []*string // null is none
		if json.Unmarshal(raw, &ids) != nil || ids == nil || slices.Contains(ids, nil) {
			return memory, answerError(http.StatusBadRequest, "Memory `sourceThreadIds` must be an array of strings when provided")
		}
		for _, id := range ids {
			memory.SourceThreadIDs = append(memory.SourceThreadIDs, *id)
		}
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
	if raw, ok := fields["limit"]; ok {
		var limit float64 // as JavaScript has it, 3.0 is an integer
		if json.Unmarshal(raw, &limit) != nil || limit < 1 || limit > math.MaxInt32 || limit != math.Trunc(limit) {
			return query, answerError(http.StatusBadRequest, "Recall `limit` must be a positive integer")
		}
		query.Limit = int(limit)
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
