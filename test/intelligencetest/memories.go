package intelligencetest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// memory is what the platform remembers, of a user or for the project.
type memory struct {
	ID              string   `json:"id"`
	Kind            string   `json:"kind"`
	Scope           string   `json:"scope"`
	Content         string   `json:"content"`
	SourceThreadIDs []string `json:"sourceThreadIds"`
	InvalidatedAt   *string  `json:"invalidatedAt"`

	user string
}

// grant is what may be done with memories: none, read or read-write.
type grant struct {
	User    string `json:"user"`
	Project string `json:"project"`
}

func (g grant) of(scope string) string {
	if scope == "project" {
		return g.Project
	}
	return g.User
}

// Memories returns the contents of a user's memories and of the project's, in the order
// in which they were made, without those that were removed.
func (p *Platform) Memories(user string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var contents []string
	for _, m := range p.visible(user, grant{"read", "read"}, false) {
		contents = append(contents, m.Content)
	}
	return contents
}

// caller returns in whose name memories are used, and what is granted. Without the
// header that is everything.
func (p *Platform) caller(c *call) (user string, granted grant) {
	user = c.r.Header.Get("X-Cpki-User-Id")
	granted = grant{"read-write", "read-write"}
	if user == "" {
		p.violate("%s without a user", c.r.Pattern)
		c.fail(http.StatusUnauthorized, "Trusted user header required")
		return
	}
	if header := c.r.Header.Get("X-Cpki-Memory-Grant"); header != "" {
		var err error
		if granted, err = parseGrant(header); err != nil {
			p.violate("%s with the grant %q: %v", c.r.Pattern, header, err)
			c.fail(http.StatusBadRequest, "Invalid memory grant")
		} else if granted == (grant{"none", "none"}) {
			p.violate("%s with a grant of nothing", c.r.Pattern)
			c.fail(http.StatusForbidden, "Memory access denied")
		}
	}
	return
}

func parseGrant(header string) (grant, error) {
	var granted grant
	if err := json.Unmarshal([]byte(header), &granted); err != nil {
		return grant{}, err
	}
	for _, scope := range []string{granted.User, granted.Project} {
		if !slices.Contains([]string{"none", "read", "read-write"}, scope) {
			return grant{}, errUnknownScope
		}
	}
	return granted, nil
}

// visible returns the memories that a user may read.
func (p *Platform) visible(user string, granted grant, invalidated bool) []*memory {
	found := []*memory{}
	for _, m := range p.memories {
		if (m.Scope == "project" || m.user == user) && granted.of(m.Scope) != "none" && (invalidated || m.InvalidatedAt == nil) {
			found = append(found, m)
		}
	}
	return found
}

func (p *Platform) listMemories(c *call) {
	user, granted := p.caller(c)
	if !c.answered {
		invalidated := c.r.URL.Query().Get("includeInvalidated") == "true"
		c.reply(http.StatusOK, map[string]any{"memories": p.visible(user, granted, invalidated)})
	}
}

func (p *Platform) createMemory(c *call) {
	user, granted := p.caller(c)
	m := c.memory(user)
	if c.answered || !c.mayWrite(granted, m.Scope) {
		return
	}
	p.addMemory(m)
	c.reply(http.StatusCreated, m)
}

// memory reads a memory from the body.
func (c *call) memory(user string) *memory {
	body := c.body("content", "kind", "scope", "sourceThreadIds")
	m := &memory{
		Content: c.required(body, "content"), Kind: c.required(body, "kind"), Scope: body.text("scope"),
		SourceThreadIDs: body.texts("sourceThreadIds"), user: user,
	}
	if body["sourceThreadIds"] == nil && !c.answered {
		c.p.violate("%s without sourceThreadIds, which may be []", c.r.Pattern)
	}
	if m.Scope == "" {
		m.Scope = "user"
	}
	return m
}

func (c *call) mayWrite(granted grant, scope string) bool {
	if granted.of(scope) != "read-write" {
		c.p.refuse("%s of a memory of the %s", c.r.Pattern, scope)
		c.fail(http.StatusForbidden, "Memory access denied")
		return false
	}
	return true
}

func (p *Platform) addMemory(m *memory) {
	m.ID = p.id("memory")
	p.memories = append(p.memories, m)
	p.tellMemory(m, "created")
	p.touch()
}

// existing returns the memory of the path if this user may change it, or answers.
func (p *Platform) existing(c *call, user string, granted grant) *memory {
	if c.answered {
		return nil
	}
	for _, m := range p.visible(user, grant{"read", "read"}, false) {
		if m.ID == c.id() {
			if !c.mayWrite(granted, m.Scope) {
				return nil
			}
			return m
		}
	}
	p.refuse("%s: user %s has no memory %s", c.r.Pattern, user, c.id())
	c.fail(http.StatusNotFound, "Memory not found")
	return nil
}

// replaceMemory puts a memory in another's place, which is kept as invalid.
func (p *Platform) replaceMemory(c *call) {
	user, granted := p.caller(c)
	m := c.memory(user)
	old := p.existing(c, user, granted)
	if old == nil {
		return
	}
	m.Scope = old.Scope
	old.invalidate()
	p.tellMemory(old, "invalidated")
	p.addMemory(m)
	answer := map[string]any{}
	_ = json.Unmarshal(encode(m), &answer) // it was made here
	answer["retiredId"] = old.ID
	c.reply(http.StatusOK, answer)
}

func (m *memory) invalidate() {
	at := stamp(time.Now())
	m.InvalidatedAt = &at
}

func (p *Platform) removeMemory(c *call) {
	user, granted := p.caller(c)
	if m := p.existing(c, user, granted); m != nil {
		m.invalidate()
		p.tellMemory(m, "invalidated")
		c.reply(http.StatusNoContent, nil)
	}
}

// recallMemories finds the memories that have a word of the query.
func (p *Platform) recallMemories(c *call) {
	user, granted := p.caller(c)
	body := c.body("query", "limit", "scope")
	query := c.required(body, "query")
	if c.answered {
		return
	}
	found := p.recall(user, granted, query, body.text("scope"))
	if limit := int(body.number("limit")); limit > 0 && limit < len(found) {
		found = found[:limit]
	}
	c.reply(http.StatusOK, map[string]any{"memories": found})
}

func (p *Platform) recall(user string, granted grant, query, scope string) []map[string]any {
	found := []map[string]any{}
	for _, m := range p.visible(user, granted, false) {
		if scope != "" && m.Scope != scope {
			continue
		}
		for _, word := range strings.Fields(strings.ToLower(query)) {
			if strings.Contains(strings.ToLower(m.Content), word) {
				answer := map[string]any{}
				_ = json.Unmarshal(encode(m), &answer) // it was made here
				answer["score"] = 0.5
				found = append(found, answer)
				break
			}
		}
	}
	return found
}

// subscribeMemories gives out what front ends need to be told of memories.
func (p *Platform) subscribeMemories(c *call) {
	user, granted := p.caller(c)
	if c.answered {
		return
	}
	answer := map[string]any{}
	if granted.User != "none" {
		answer["joinCode"] = memoryCode(user)
		answer["joinToken"] = p.issue(token{topic: "user_meta:memories:" + memoryCode(user), user: user})
	}
	if granted.Project != "none" {
		answer["projectJoinCode"] = projectMemoryCode
		answer["projectJoinToken"] = p.issue(token{topic: "project_meta:memories:" + projectMemoryCode, user: user})
	}
	c.reply(http.StatusOK, answer)
}
