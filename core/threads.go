package core

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// maxThreadPage is how many threads a page holds at most, and a store's without a limit.
const maxThreadPage = 500

// serveThreadList pages through the user's threads, last updated first.
func (rt *Runtime) serveThreadList(ex *exchange) error {
	if !rt.listsThreads(ex) {
		return threadsNotListed()
	}
	values := ex.r.URL.Query()
	query := store.Query{
		Owner:           ex.user.ID,
		AgentID:         values.Get("agentId"),
		IncludeArchived: values.Get("includeArchived") == "true",
		Cursor:          values.Get("cursor"),
	}
	if err := checkID("agentId", query.AgentID); err != nil {
		return err
	}
	var err error
	if values.Get("limit") != "" {
		if query.Limit, err = pageLimit(values, maxThreadPage); err != nil {
			return err
		}
	}
	return ex.kept(rt.keeper.list(ex, query))
}

// pageLimit returns how many entries a page of a list has: what the query asks for, but
// no more than most, which is also the default.
func pageLimit(values url.Values, most int) (int, error) {
	limit := values.Get("limit")
	if limit == "" {
		return most, nil
	}
	n, err := strconv.Atoi(limit)
	if err != nil || n < 1 {
		return 0, answerError(http.StatusBadRequest, "Valid limit query param is required")
	}
	return min(n, most), nil
}

// serveThreadCreate adds a thread without runs: {"agentId", "id"?, "name"?}.
func (rt *Runtime) serveThreadCreate(ex *exchange) error {
	body, err := ex.threadChange()
	if err != nil {
		return err
	}
	id := body.ID
	if id == "" {
		id = rand.Text()
	}
	agents, err := rt.agents(ex)
	if err != nil {
		return namedFailure("Failed to create thread", err)
	}
	if agents[body.AgentID] == nil {
		return agentNotFound(body.AgentID)
	}
	charge, err := rt.admitThread(ex)
	if err != nil {
		return err
	}
	defer charge.close()
	name := ""
	if body.Name != nil {
		name = *body.Name
	}
	thread, err := rt.keeper.create(ex, ex.key(id), body.AgentID, name)
	if err != nil {
		return err
	}
	return ex.json(http.StatusCreated, thread)
}

// serveThreadUpdate renames, archives or brings back a thread.
func (rt *Runtime) serveThreadUpdate(ex *exchange) error {
	change, err := ex.threadChange()
	if err != nil {
		return err
	}
	return ex.kept(rt.keeper.update(ex, ex.key(ex.route.ThreadID), "Failed to update thread", change))
}

// serveThreadArchive archives a thread.
func (rt *Runtime) serveThreadArchive(ex *exchange) error {
	change, err := ex.threadChange()
	if err != nil {
		return err
	}
	archived := true
	change = threadBody{AgentID: change.AgentID, Archived: &archived}
	if _, err := rt.keeper.update(ex, ex.key(ex.route.ThreadID), "Failed to archive thread", change); err != nil {
		return err
	}
	return ex.json(http.StatusOK, struct {
		ThreadID string `json:"threadId"`
		Archived bool   `json:"archived"`
	}{ex.route.ThreadID, true})
}

// serveThreadDelete removes a thread and its history; a live run of it ends.
func (rt *Runtime) serveThreadDelete(ex *exchange) error {
	change, err := ex.threadChange()
	if err != nil {
		return err
	}
	if err := rt.keeper.remove(ex, ex.key(ex.route.ThreadID), change.AgentID); err != nil {
		return err
	}
	return ex.json(http.StatusOK, struct {
		ThreadID string `json:"threadId"`
		Deleted  bool   `json:"deleted"`
	}{ex.route.ThreadID, true})
}

// serveThreadsClear removes all threads of the user, in development: there the
// demo's "clear" button calls it. In production, where threads are kept to last,
// it does nothing, as the reference does when it has a lasting store.
func (rt *Runtime) serveThreadsClear(ex *exchange) error {
	if rt.config.Development {
		if err := rt.keeper.clear(ex); err != nil {
			return err
		}
	}
	return ex.bytes(http.StatusNoContent, make(http.Header), nil)
}

// serveThreadsSubscribe lets a front end follow its list of threads.
func (rt *Runtime) serveThreadsSubscribe(ex *exchange) error {
	return ex.kept(rt.keeper.subscribe(ex))
}

// serveThreadMessages shows the messages of a thread.
func (rt *Runtime) serveThreadMessages(ex *exchange) error {
	return ex.kept(rt.keeper.messages(ex, ex.key(ex.route.ThreadID)))
}

// serveThreadEvents shows the events of a thread.
func (rt *Runtime) serveThreadEvents(ex *exchange) error {
	return ex.kept(rt.keeper.events(ex, ex.key(ex.route.ThreadID)))
}

// serveThreadState shows the shared state of a thread.
func (rt *Runtime) serveThreadState(ex *exchange) error {
	return ex.kept(rt.keeper.state(ex, ex.key(ex.route.ThreadID)))
}

type stateJSON struct {
	State json.RawMessage `json:"state"`
}

// newStateJSON returns the answer that shows a state, nil for none.
func newStateJSON(state json.RawMessage) stateJSON {
	if state == nil {
		state = json.RawMessage("null")
	}
	return stateJSON{state}
}

// kept answers with what a keeper has returned.
func (ex *exchange) kept(body any, err error) error {
	if err != nil {
		return err
	}
	if raw, ok := body.(json.RawMessage); ok {
		return ex.bytes(http.StatusOK, http.Header{"Content-Type": {contentTypeJSON}}, raw)
	}
	return ex.json(http.StatusOK, body)
}

// maxNameBytes is how long a thread's name may be. Lists show many of them, and
// the limits of stores don't count them.
const maxNameBytes = 4096

// threadBody is what changes a thread.
type threadBody struct {
	AgentID  string
	ID       string
	Name     *string
	Archived *bool
	// rawName is the name as it came, which may be null.
	rawName json.RawMessage
}

// threadChange reads the body of a change. agentId must be there,
// as in the reference; only a DELETE may come without any body, because some
// gateways drop it.
func (ex *exchange) threadChange() (body threadBody, err error) {
	data, err := ex.readBody()
	if err != nil || len(data) == 0 && ex.r.Method == http.MethodDelete {
		return body, err
	}
	fields, err := jsonObject(data)
	if err != nil {
		return body, err
	}
	if json.Unmarshal(fields["agentId"], &body.AgentID) != nil || body.AgentID == "" {
		return body, answerError(http.StatusBadRequest, "Valid agentId is required")
	}
	if raw, ok := fields["id"]; ok {
		if json.Unmarshal(raw, &body.ID) != nil || body.ID == "" {
			return body, answerError(http.StatusBadRequest, "id must be a string that isn't empty")
		}
		if err := checkBodyID("id", body.ID); err != nil {
			return body, err
		}
	}
	if raw, ok := fields["name"]; ok {
		body.rawName, body.Name = raw, new(string) // null takes the name away
		if json.Unmarshal(raw, body.Name) != nil {
			return body, answerError(http.StatusBadRequest, "name must be a string or null")
		}
		if len(*body.Name) > maxNameBytes {
			return body, answerError(http.StatusBadRequest, "name is too long")
		}
	}
	if raw, ok := fields["archived"]; ok {
		if json.Unmarshal(raw, &body.Archived) != nil || body.Archived == nil {
			return body, answerError(http.StatusBadRequest, "archived must be a boolean")
		}
	}
	return body, nil
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

// isoTime formats a time as JavaScript's toISOString does.
func isoTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
