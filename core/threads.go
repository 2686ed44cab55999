package core

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// maxThreadPage is the most threads of one page, also when no limit is asked for.
const maxThreadPage = 500

// threadList pages through the owner's threads, last updated first.
func (x *exchange) threadList() error {
	const what = "Failed to list threads"
	owner, err := x.owner()
	if err != nil {
		return err
	}
	values := x.r.URL.Query()
	query := store.Query{
		Owner:           owner,
		AgentID:         values.Get("agentId"),
		IncludeArchived: values.Get("includeArchived") == "true",
		Cursor:          values.Get("cursor"),
	}
	if limit := values.Get("limit"); limit != "" {
		query.Limit, err = strconv.Atoi(limit)
		if err != nil || query.Limit < 1 {
			return answerError(http.StatusBadRequest, "Valid limit query param is required")
		}
	}
	if query.Limit == 0 || query.Limit > maxThreadPage {
		query.Limit = maxThreadPage
	}
	ctx, cancel := x.storeContext()
	defer cancel()
	page, err := x.store.Threads(ctx, query)
	if errors.Is(err, store.ErrBadCursor) {
		return answerError(http.StatusBadRequest, "Valid cursor query param is required")
	}
	if err != nil {
		return storeError(what, err)
	}
	answer := threadPage{Threads: make([]threadJSON, len(page.Threads))}
	for i, thread := range page.Threads {
		answer.Threads[i] = newThreadJSON(thread)
	}
	if page.NextCursor != "" {
		answer.NextCursor = &page.NextCursor
	}
	return x.json(http.StatusOK, answer)
}

// threadCreate adds a thread without runs: {"agentId", "id"?, "name"?}.
func (x *exchange) threadCreate() error {
	owner, body, err := x.threadChange()
	if err != nil {
		return err
	}
	id := body.ID
	if id == "" {
		id = rand.Text()
	}
	agents, err := x.agents()
	if err != nil {
		return namedFailure("Failed to create thread", err)
	}
	if agents[body.AgentID] == nil {
		return agentNotFound(body.AgentID)
	}
	name := ""
	if body.Name != nil {
		name = *body.Name
	}
	ctx, cancel := x.storeContext()
	defer cancel()
	thread, err := x.store.CreateThread(ctx, store.Key{Owner: owner, ID: id}, body.AgentID, name)
	if errors.Is(err, store.ErrExists) {
		return answerError(http.StatusConflict, "Thread already exists")
	}
	if err != nil {
		return storeError("Failed to create thread", err)
	}
	return x.json(http.StatusCreated, newThreadJSON(thread))
}

// threadUpdate renames, archives or brings back a thread.
func (x *exchange) threadUpdate() error {
	owner, body, err := x.threadChange()
	if err != nil {
		return err
	}
	ctx, cancel := x.storeContext()
	defer cancel()
	thread, err := x.store.UpdateThread(ctx, store.Key{Owner: owner, ID: x.route.ThreadID},
		store.Patch{Name: body.Name, Archived: body.Archived})
	if err != nil {
		return storeError("Failed to update thread", err)
	}
	return x.json(http.StatusOK, newThreadJSON(thread))
}

func (x *exchange) threadArchive() error {
	owner, _, err := x.threadChange()
	if err != nil {
		return err
	}
	archived := true
	ctx, cancel := x.storeContext()
	defer cancel()
	_, err = x.store.UpdateThread(ctx, store.Key{Owner: owner, ID: x.route.ThreadID},
		store.Patch{Archived: &archived})
	if err != nil {
		return storeError("Failed to archive thread", err)
	}
	return x.json(http.StatusOK, struct {
		ThreadID string `json:"threadId"`
		Archived bool   `json:"archived"`
	}{x.route.ThreadID, true})
}

// threadDelete removes a thread and its history; a live run of it ends.
func (x *exchange) threadDelete() error {
	owner, _, err := x.threadChange()
	if err != nil {
		return err
	}
	ctx, cancel := x.storeContext()
	defer cancel()
	if err := x.store.DeleteThread(ctx, store.Key{Owner: owner, ID: x.route.ThreadID}); err != nil {
		return storeError("Failed to delete thread", err)
	}
	return x.json(http.StatusOK, struct {
		ThreadID string `json:"threadId"`
		Deleted  bool   `json:"deleted"`
	}{x.route.ThreadID, true})
}

// threadsClear removes all threads of the owner, in development: there the
// demo's "clear" button calls it. In production, where threads are kept to last,
// it does nothing, as the reference does when it has a lasting store.
func (x *exchange) threadsClear() error {
	owner, err := x.owner()
	if err != nil {
		return err
	}
	if x.runtime.Development {
		ctx, cancel := x.storeContext()
		defer cancel()
		if err := x.store.Clear(ctx, owner); err != nil {
			return storeError("Failed to clear threads", err)
		}
	}
	return x.bytes(http.StatusNoContent, make(http.Header), nil)
}

// maxNameBytes is how long a thread's name may be. A list shows many of them,
// and stores count them as nothing.
const maxNameBytes = 4096

// threadBody is what changes a thread.
type threadBody struct {
	AgentID  string
	ID       string
	Name     *string
	Archived *bool
}

// threadChange reads the owner and the body of a change. agentId must be there,
// as in the reference; only a DELETE may come without any body, because some
// gateways drop it.
func (x *exchange) threadChange() (owner string, body threadBody, err error) {
	if owner, err = x.owner(); err != nil {
		return "", body, err
	}
	data, err := x.readBody()
	if err != nil {
		return "", body, err
	}
	if len(data) == 0 && x.r.Method == http.MethodDelete {
		return owner, body, nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil || fields == nil {
		return "", body, answerError(http.StatusBadRequest, "Invalid request body")
	}
	if json.Unmarshal(fields["agentId"], &body.AgentID) != nil || body.AgentID == "" {
		return "", body, answerError(http.StatusBadRequest, "Valid agentId is required")
	}
	if raw, ok := fields["id"]; ok {
		if json.Unmarshal(raw, &body.ID) != nil || body.ID == "" {
			return "", body, answerError(http.StatusBadRequest, "id must be a string that isn't empty")
		}
	}
	if raw, ok := fields["name"]; ok {
		body.Name = new(string) // null takes the name away
		if json.Unmarshal(raw, body.Name) != nil {
			return "", body, answerError(http.StatusBadRequest, "name must be a string or null")
		}
		if len(*body.Name) > maxNameBytes {
			return "", body, answerError(http.StatusBadRequest, "name is too long")
		}
	}
	if raw, ok := fields["archived"]; ok {
		if json.Unmarshal(raw, &body.Archived) != nil || body.Archived == nil {
			return "", body, answerError(http.StatusBadRequest, "archived must be a boolean")
		}
	}
	return owner, body, nil
}

type threadPage struct {
	Threads    []threadJSON `json:"threads"`
	NextCursor *string      `json:"nextCursor"`
}

// threadJSON is a thread as front ends know it.
type threadJSON struct {
	ID             string  `json:"id"`
	Name           *string `json:"name"`
	AgentID        string  `json:"agentId"`
	OrganizationID string  `json:"organizationId"`
	CreatedByID    string  `json:"createdById"`
	Archived       bool    `json:"archived"`
	CreatedAt      string  `json:"createdAt"`
	UpdatedAt      string  `json:"updatedAt"`
	LastRunAt      string  `json:"lastRunAt,omitempty"`
}

func newThreadJSON(thread store.Thread) threadJSON {
	t := threadJSON{
		ID:          thread.Key.ID,
		AgentID:     thread.AgentID,
		CreatedByID: thread.Key.Owner,
		Archived:    thread.Archived,
		CreatedAt:   isoTime(thread.CreatedAt),
		UpdatedAt:   isoTime(thread.UpdatedAt),
	}
	if thread.Name != "" {
		t.Name = &thread.Name
	}
	if !thread.LastRunAt.IsZero() {
		t.LastRunAt = isoTime(thread.LastRunAt)
	}
	return t
}

// isoTime is a time as JavaScript's toISOString has it.
func isoTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
