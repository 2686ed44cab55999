package intelligencetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Request is an HTTP call that the platform got, the upgrades of runners among them.
type Request struct {
	Method string
	// Pattern is the route's, "" for none.
	Pattern string
	Path    string
	Query   url.Values
	Header  http.Header
	Body    []byte
}

// Requests returns all HTTP calls so far, in order. With patterns, only those of these
// routes.
func (p *Platform) Requests(patterns ...string) []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(patterns) == 0 {
		return slices.Clone(p.requests)
	}
	var found []Request
	for _, r := range p.requests {
		if slices.Contains(patterns, r.Pattern) {
			found = append(found, r)
		}
	}
	return found
}

func (p *Platform) recordRequest(r *http.Request, body []byte) {
	pattern := r.Pattern
	p.requests = append(p.requests, Request{
		Method: r.Method, Pattern: pattern, Path: r.URL.EscapedPath(), Query: r.URL.Query(), Header: r.Header.Clone(), Body: body,
	})
	p.touch()
}

const bodyLimit = 4 << 20

// apiHandler answers the HTTP calls.
func (p *Platform) apiHandler() http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range p.routes() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // it is in memory
			c := &call{p: p, r: r, raw: body}
			p.mu.Lock()
			c.checkHeaders()
			if !c.answered {
				answer(c)
			}
			p.mu.Unlock()
			c.write(w)
		})
	}
	mux.Handle("/mcp", p.mcpHandler())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
		if err != nil {
			http.Error(w, "body", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		_, r.Pattern = mux.Handler(r)
		p.mu.Lock()
		p.recordRequest(r, body)
		fault, faulty := p.takeFault(r.Pattern)
		authorized := r.Header.Get("Authorization") == "Bearer "+p.Key
		switch {
		case !authorized:
			p.refuse("%s %s without the project's key", r.Method, r.URL.Path)
		case r.Pattern == "":
			p.violate("%s %s, which the platform doesn't have", r.Method, r.URL.Path)
		case r.Header.Get("Cookie") != "" || r.Header.Get("Origin") != "":
			p.violate("%s %s with headers of a browser", r.Method, r.URL.Path)
		}
		p.mu.Unlock()
		switch {
		case !authorized:
			http.Error(w, `{"error":"Bad project key"}`, http.StatusUnauthorized)
		case faulty:
			p.goWrong(w, r, fault, mux)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

func (p *Platform) routes() map[string]func(*call) {
	return map[string]func(*call){
		"GET /api/threads":                      p.listThreads,
		"POST /api/threads":                     p.createThread,
		"GET /api/threads/{id}":                 p.getThread,
		"PATCH /api/threads/{id}":               p.changeThread,
		"DELETE /api/threads/{id}":              p.deleteThread,
		"POST /api/threads/subscribe":           p.subscribeThreads,
		"POST /api/threads/{id}/connect":        p.connectThread,
		"GET /api/threads/{id}/messages":        p.threadMessages,
		"GET /api/_inspect/threads/{id}/events": p.threadEvents,
		"GET /api/_inspect/threads/{id}/state":  p.threadState,
		"POST /api/threads/{id}/lock":           p.acquireLock,
		"PATCH /api/threads/{id}/lock":          p.renewLock,
		"DELETE /api/threads/{id}/lock":         p.releaseLock,
		"GET /api/memories":                     p.listMemories,
		"POST /api/memories":                    p.createMemory,
		"PATCH /api/memories/{id}":              p.replaceMemory,
		"DELETE /api/memories/{id}":             p.removeMemory,
		"POST /api/memories/recall":             p.recallMemories,
		"POST /api/memories/subscribe":          p.subscribeMemories,
		"PUT /connector/annotate/{id}":          p.annotate,
		"GET /api/entitlements/runtime":         p.entitlements,
		"GET /api/inspector/metadata":           p.inspectorMetadata,
	}
}

func (p *Platform) takeFault(pattern string) (RouteFault, bool) {
	fault, found := p.faults.Routes[pattern]
	if found && fault.Times > 0 {
		if fault.Times--; fault.Times == 0 {
			delete(p.faults.Routes, pattern)
		} else {
			p.faults.Routes[pattern] = fault
		}
	}
	return fault, found
}

// goWrong answers as a fault says.
func (p *Platform) goWrong(w http.ResponseWriter, r *http.Request, fault RouteFault, working http.Handler) {
	if fault.Done {
		working.ServeHTTP(discard{header: http.Header{}}, r)
	}
	if fault.Delay > 0 {
		gone := r.Context().Done()
		if fault.Late {
			gone = nil
		}
		select {
		case <-time.After(fault.Delay):
		case <-gone:
			return
		case <-p.lifetime.Done():
			return
		}
	}
	if fault.Drop {
		panic(http.ErrAbortHandler)
	}
	if fault.Status == 0 && !fault.HangBody && !fault.Flood {
		if !fault.Done {
			working.ServeHTTP(w, r)
		}
		return
	}
	if fault.Location != "" {
		w.Header().Set("Location", fault.Location)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(max(fault.Status, http.StatusOK))
	_, _ = io.WriteString(w, fault.Body)
	if fault.EchoKey {
		_, _ = io.WriteString(w, "the key was "+p.Key)
	}
	for fault.Flood && r.Context().Err() == nil && p.lifetime.Err() == nil {
		if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<16)); err != nil {
			return
		}
	}
	if fault.HangBody {
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-p.lifetime.Done():
		}
	}
}

// discard takes an answer that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header            { return d.header }
func (d discard) Write(data []byte) (int, error) { return len(data), nil }
func (d discard) WriteHeader(int)                {}

// call is an HTTP call that is being answered, with the platform's mutex held.
type call struct {
	p        *Platform
	r        *http.Request
	raw      []byte
	answered bool
	status   int
	answer   []byte
}

func (c *call) id() string { return c.r.PathValue("id") }

func (c *call) checkHeaders() {
	if len(c.raw) > 0 && c.r.Header.Get("Content-Type") != "application/json" {
		c.p.violate("%s: a body of type %q", c.r.Pattern, c.r.Header.Get("Content-Type"))
		c.fail(http.StatusUnsupportedMediaType, "Unsupported media type")
	}
}

// thread returns the thread of the path if it is this user's, or answers 404.
func (c *call) thread(user string) *thread {
	if c.answered {
		return nil
	}
	if user == "" {
		c.p.violate("%s of %s without a user", c.r.Pattern, c.id())
		c.fail(http.StatusBadRequest, "userId is required")
		return nil
	}
	t := c.p.threads[c.id()]
	if t == nil || t.user != user {
		c.p.refuse("%s: user %s has no thread %s", c.r.Pattern, user, c.id())
		c.fail(http.StatusNotFound, "Thread not found")
		return nil
	}
	return t
}

// fields are those of a JSON object.
type fields map[string]json.RawMessage

// body reads the body, which may have these fields. Others are refused: the platform
// takes endUserId and end_user_id for userId, so that a runtime that passes on what a
// browser has sent lets it be anybody.
func (c *call) body(allowed ...string) fields {
	if c.answered {
		return nil
	}
	var body fields
	if err := json.Unmarshal(c.raw, &body); err != nil {
		c.p.violate("%s: the body isn't a JSON object: %v", c.r.Pattern, err)
		c.fail(http.StatusBadRequest, "Invalid body")
		return nil
	}
	for name := range body {
		if !slices.Contains(allowed, name) {
			c.p.violate("%s: the body has %s: %.300s", c.r.Pattern, name, c.raw)
			c.fail(http.StatusBadRequest, "Unexpected "+name)
			return nil
		}
	}
	return body
}

// required returns a text that must not be empty.
func (c *call) required(body fields, name string) string {
	text := body.text(name)
	if text == "" && !c.answered {
		c.p.violate("%s: the body has no %s: %.300s", c.r.Pattern, name, c.raw)
		c.fail(http.StatusBadRequest, name+" is required")
	}
	return text
}

func decode(data []byte) fields {
	var f fields
	_ = json.Unmarshal(data, &f) // what is missing is asked for
	return f
}

func (f fields) text(name string) string {
	var text string
	_ = json.Unmarshal(f[name], &text)
	return text
}

func (f fields) number(name string) float64 {
	var number float64
	_ = json.Unmarshal(f[name], &number)
	return number
}

func (f fields) texts(name string) []string {
	texts := []string{}
	_ = json.Unmarshal(f[name], &texts)
	return texts
}

// reply decides the answer, nil for no body.
func (c *call) reply(status int, body any) {
	c.answered, c.status = true, status
	if body != nil {
		c.answer = encode(body)
	}
	c.p.touch()
}

func (c *call) fail(status int, message string) {
	c.reply(status, map[string]any{"error": message})
}

// write sends the answer. The mutex isn't held: whoever asked may be slow to read.
func (c *call) write(w http.ResponseWriter) {
	if c.answer != nil {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(c.status)
	_, _ = w.Write(c.answer)
}
