package intelligencetest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// thread is a conversation of one user with one agent.
type thread struct {
	id, user, agentID, container string
	name                         *string
	archived                     bool
	created, updated, ran        time.Time
	events                       []Event
}

// Thread is a thread as the platform has it.
type Thread struct {
	ID, User, AgentID string
	// Name is "" for none.
	Name      string
	Container string
	Archived  bool
}

// AddThread adds a thread without events.
func (p *Platform) AddThread(id, user, agentID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addThread(id, user, agentID)
}

// Thread returns a thread, and whether there is one.
func (p *Platform) Thread(id string) (Thread, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.threads[id]
	if t == nil {
		return Thread{}, false
	}
	found := Thread{ID: t.id, User: t.user, AgentID: t.agentID, Container: t.container, Archived: t.archived}
	if t.name != nil {
		found.Name = *t.name
	}
	return found, true
}

func (p *Platform) addThread(id, user, agentID string) *thread {
	now := time.Now()
	t := &thread{id: id, user: user, agentID: agentID, created: now, updated: now}
	p.threads[id] = t
	p.touch()
	return t
}

func (t *thread) touched() {
	t.ran = time.Now()
	t.updated = t.ran
}

const organization = "organization-1"

// summary is what lists and single threads say.
func (t *thread) summary() map[string]any {
	summary := map[string]any{
		"id": t.id, "name": t.name, "archived": t.archived, "agentId": t.agentID,
		"organizationId": organization, "createdById": t.user,
		"createdAt": stamp(t.created), "updatedAt": stamp(t.updated),
	}
	if !t.ran.IsZero() {
		summary["lastRunAt"] = stamp(t.ran)
	}
	return summary
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// listThreads lists a user's threads of one agent, the last changed first.
func (p *Platform) listThreads(c *call) {
	query := c.r.URL.Query()
	user, agentID := query.Get("userId"), query.Get("agentId")
	if user == "" || agentID == "" {
		p.violate("a list of threads for user %q and agent %q", user, agentID)
		c.fail(http.StatusBadRequest, "userId and agentId are required")
		return
	}
	var found []*thread
	for _, t := range p.threads {
		if t.user == user && t.agentID == agentID && (!t.archived || query.Get("includeArchived") == "true") {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *thread) int {
		if order := b.updated.Compare(a.updated); order != 0 {
			return order
		}
		return strings.Compare(a.id, b.id)
	})
	if after := query.Get("cursor"); after != "" {
		at := slices.IndexFunc(found, func(t *thread) bool { return t.id == after })
		found = found[at+1:]
	}
	var next *string
	if limit, err := strconv.Atoi(query.Get("limit")); err == nil && limit > 0 && limit < len(found) {
		found = found[:limit]
		next = &found[limit-1].id
	}
	summaries := []any{}
	for _, t := range found {
		summaries = append(summaries, t.summary())
	}
	c.reply(http.StatusOK, map[string]any{"threads": summaries, "joinCode": joinCode(user), "nextCursor": next})
}

// joinCode names the topic on which a user's threads are told of.
func joinCode(user string) string { return "threads-of-" + user }

func (p *Platform) createThread(c *call) {
	body := c.body("threadId", "userId", "agentId", "name", "learningContainerId")
	id, user, agentID := c.required(body, "threadId"), c.required(body, "userId"), c.required(body, "agentId")
	if c.answered {
		return
	}
	if p.threads[id] != nil {
		p.refuse("thread %s exists", id)
		c.fail(http.StatusConflict, "Thread exists")
		return
	}
	t := p.addThread(id, user, agentID)
	t.container = body.text("learningContainerId")
	if name := body.text("name"); name != "" {
		t.name = &name
	}
	p.tellThread(t, "created")
	c.reply(http.StatusCreated, map[string]any{"thread": t.summary()})
}

func (p *Platform) getThread(c *call) {
	if t := c.thread(c.r.URL.Query().Get("userId")); t != nil {
		c.reply(http.StatusOK, map[string]any{"thread": t.summary()})
	}
}

func (p *Platform) changeThread(c *call) {
	body := c.body("userId", "agentId", "name", "archived")
	t := c.thread(body.text("userId"))
	if t == nil {
		return
	}
	operation := "updated"
	if name, given := body["name"]; given {
		t.name = nil
		if err := json.Unmarshal(name, &t.name); err != nil {
			c.fail(http.StatusBadRequest, "Invalid name")
			return
		}
		operation = "renamed"
	}
	if archived, given := body["archived"]; given {
		before := t.archived
		if err := json.Unmarshal(archived, &t.archived); err != nil {
			c.fail(http.StatusBadRequest, "Invalid archived")
			return
		}
		if t.archived && !before {
			operation = "archived"
		} else if before && !t.archived {
			operation = "unarchived"
		}
	}
	t.updated = time.Now()
	p.tellThread(t, operation)
	c.reply(http.StatusOK, map[string]any{"thread": t.summary()})
}

func (p *Platform) deleteThread(c *call) {
	body := c.body("userId", "agentId", "reason")
	t := c.thread(body.text("userId"))
	if t == nil {
		return
	}
	if reason := strings.TrimSpace(body.text("reason")); reason == "" || len(reason) > 1000 {
		p.violate("a deletion for the reason %.300q", reason)
		c.fail(http.StatusBadRequest, "reason is required")
		return
	}
	delete(p.threads, t.id)
	delete(p.locks, t.id)
	p.tellThread(t, "deleted")
	c.reply(http.StatusNoContent, nil)
}

func (p *Platform) subscribeThreads(c *call) {
	body := c.body("userId")
	user := c.required(body, "userId")
	if c.answered {
		return
	}
	c.reply(http.StatusOK, map[string]any{"joinToken": p.issue(token{topic: "user_meta:" + joinCode(user), user: user})})
}

// connectThread gives out a token for what a thread has, and for what goes on in it.
func (p *Platform) connectThread(c *call) {
	body := c.body("userId", "agentId")
	if c.answered {
		return
	}
	if p.threads[c.id()] == nil {
		c.reply(http.StatusNoContent, nil)
		return
	}
	t := c.thread(body.text("userId"))
	if t == nil {
		return
	}
	answer := map[string]any{
		"threadId":  t.id,
		"joinToken": p.issue(token{topic: "thread:" + t.id, threadID: t.id, user: t.user}),
	}
	if held := p.lockOf(t.id); held != nil {
		answer["runId"] = held.runID
	}
	c.reply(http.StatusOK, answer)
}

func (p *Platform) threadMessages(c *call) {
	if t := c.thread(c.r.URL.Query().Get("userId")); t != nil {
		c.reply(http.StatusOK, map[string]any{"messages": messagesOf(t.events)})
	}
}

// threadEvents and threadState don't ask whose thread it is: the runtime has to.
func (p *Platform) threadEvents(c *call) {
	t := p.threads[c.id()]
	if t == nil {
		c.fail(http.StatusNotFound, "Thread not found")
		return
	}
	events := []json.RawMessage{}
	for _, event := range t.events {
		events = append(events, event.JSON)
	}
	c.reply(http.StatusOK, map[string]any{"events": events, "decodeErrorRowIds": []string{}, "truncated": false})
}

func (p *Platform) threadState(c *call) {
	t := p.threads[c.id()]
	if t == nil {
		c.fail(http.StatusNotFound, "Thread not found")
		return
	}
	c.reply(http.StatusOK, stateOf(t.events))
}
