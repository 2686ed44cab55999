package reference

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// session is a scenario that is being played: the front end, and the agent.
type session struct {
	t     *testing.T
	p     *intelligencetest.Platform
	url   string
	agent *httptest.Server

	mu      sync.Mutex
	steps   []string // of the agent
	inputs  []json.RawMessage
	holding chan struct{} // closed when the agent holds
	release chan struct{} // closed to let it go on
	title   string        // of threads, in a JSON string
	answers []Answer
}

// hold, fail and refuse are steps of an agent that aren't events: it waits until the test
// lets it go on or the runtime goes away, breaks the connection off, or answers 500. What
// comes after next is for the next request.
const (
	hold   = "hold"
	fail   = "fail"
	refuse = "refuse"
	next   = "next"
)

func newSession(t *testing.T, p *intelligencetest.Platform) *session {
	s := &session{t: t, p: p, holding: make(chan struct{}), release: make(chan struct{})}
	s.agent = httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(s.agent.Close)
	return s
}

// answer is the agent: it sends its steps as events of the run that it is asked for.
func (s *session) answer(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var input struct {
		ThreadID, RunID string
		Messages        []struct{ Role string }
	}
	_ = json.Unmarshal(data, &input)
	if len(input.Messages) > 0 && input.Messages[0].Role == "system" {
		s.name(w, r, input.ThreadID, input.RunID)
		return
	}
	s.mu.Lock()
	s.inputs = append(s.inputs, data)
	steps := s.steps
	if at := slices.Index(steps, next); at >= 0 {
		steps, s.steps = steps[:at], steps[at+1:]
	}
	s.mu.Unlock()
	s.send(w, r, input.ThreadID, input.RunID, steps)
}

// name is the agent that is asked for a thread's name, when the test lets it. How it is
// asked is each runtime's own.
func (s *session) name(w http.ResponseWriter, r *http.Request, threadID, runID string) {
	select {
	case <-s.release:
	case <-r.Context().Done():
		return
	}
	s.send(w, r, threadID, runID, []string{runStarted,
		`{"type":"TEXT_MESSAGE_START","messageId":"n","role":"assistant"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"n","delta":"` + s.title + `"}`,
		`{"type":"TEXT_MESSAGE_END","messageId":"n"}`, runFinished})
}

func (s *session) send(w http.ResponseWriter, r *http.Request, threadID, runID string, steps []string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, step := range steps {
		switch step {
		case hold:
			_ = http.NewResponseController(w).Flush()
			close(s.holding)
			select {
			case <-s.release:
			case <-r.Context().Done():
				return
			}
		case fail:
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case refuse:
			http.Error(w, "the agent is away", http.StatusInternalServerError)
			return
		default:
			event := strings.NewReplacer("$thread", threadID, "$run", runID).Replace(step)
			_, _ = fmt.Fprintf(w, "data: %s\n\n", event)
		}
	}
}

// ask sends a request of a front end, and records the answer.
func (s *session) ask(method, path, body string, header ...string) string {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	answer := Answer{Request: method + " " + path, Status: response.StatusCode, CacheControl: response.Header.Get("Cache-Control")}
	if answer.CacheControl == "private, no-store" {
		answer.CacheControl = "" // this runtime says so where the reference says nothing
	}
	if len(data) > 0 {
		answer.Body = s.plain(data)
	}
	s.answers = append(s.answers, answer)
	return string(data)
}

// run asks for a run with a user's message, and waits for its end to be stored.
func (s *session) run(threadID, runID string, messages ...string) {
	s.t.Helper()
	s.begin(threadID, runID, messages...)
	s.ended(runID)
}

// begin asks for a run.
func (s *session) begin(threadID, runID string, messages ...string) {
	s.t.Helper()
	s.ask("POST", "/agent/default/run", input(threadID, runID, messages...))
}

// ended waits until a run's end is stored, and its runner knows and has left.
func (s *session) ended(runID string) {
	s.t.Helper()
	s.p.Await(s.t, "the end of "+runID, func() bool { return s.p.Acked(runID) })
	s.p.Await(s.t, "the runner's leave", func() bool {
		runners, _ := s.p.Connections()
		return runners == 0 || left(s.p.Frames(), "ingestion:"+runID)
	})
}

func left(frames []intelligencetest.Frame, topic string) bool {
	for _, f := range frames {
		if f.Topic == topic && f.Event == "phx_leave" {
			return true
		}
	}
	return false
}

// held waits until the agent holds, and all that it has sent is stored.
func (s *session) held(runID string, stored int) {
	s.t.Helper()
	select {
	case <-s.holding:
	case <-time.After(10 * time.Second):
		s.t.Fatal("the agent doesn't hold")
	}
	s.p.Await(s.t, fmt.Sprintf("%d events of %s", stored, runID), func() bool { return len(s.p.RunEvents(runID)) >= stored })
}

// say is the agent's steps from now on.
func (s *session) say(steps ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = steps
}

// called waits for a call of the platform.
func (s *session) called(pattern string, times int) {
	s.t.Helper()
	s.p.Await(s.t, pattern, func() bool { return len(s.p.Requests(pattern)) >= times })
}

func input(threadID, runID string, messages ...string) string {
	return fmt.Sprintf(`{"threadId":%q,"runId":%q,"state":{},"messages":[%s],"tools":[],"context":[],"forwardedProps":{}}`,
		threadID, runID, strings.Join(messages, ","))
}

func userMessage(id, text string) string {
	return fmt.Sprintf(`{"id":%q,"role":"user","content":%q}`, id, text)
}

func (s *session) observation() Observation {
	seen := Observation{Answers: s.answers}
	for _, r := range s.p.Requests() {
		if strings.HasSuffix(r.Path, "/websocket") {
			continue // seen by what is sent there
		}
		if r.Pattern == "DELETE /api/threads/{id}/lock" && s.p.Ended(runOf(r.Body)) {
			// A run's end frees its thread. The reference gives the lock back besides, as
			// soon as its agent has failed, at the same time as it sends the last events.
			continue
		}
		if c, matters := s.call(r); matters {
			seen.Calls = append(seen.Calls, c)
		}
	}
	seen.Events, seen.Pushed, seen.Frames = s.pushed()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, data := range s.inputs {
		seen.Inputs = append(seen.Inputs, s.plain(data))
	}
	return seen
}

// runOf returns the run that a lock's call is about.
func runOf(body []byte) string {
	var lock struct{ RunID string }
	_ = json.Unmarshal(body, &lock) // what isn't JSON is no run's
	return lock.RunID
}

// call is what matters of a call of the platform, and whether anything does. Of MCP that
// is which tools are listed and called: the rest is the client's.
func (s *session) call(r intelligencetest.Request) (Call, bool) {
	c := Call{Request: r.Method + " " + string(s.plain([]byte(r.Path))), Headers: make(map[string]string)}
	if len(r.Query) > 0 {
		c.Request += "?" + r.Query.Encode()
	}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Cpki-") || name == "Content-Type" && len(r.Body) > 0 {
			c.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
		}
	}
	if r.Pattern == "/mcp" {
		var message struct {
			Method string
			Params json.RawMessage
		}
		_ = json.Unmarshal(r.Body, &message) // what isn't JSON has no method
		c.Request += " " + message.Method
		switch message.Method {
		case "tools/call":
			params := map[string]json.RawMessage{}
			_ = json.Unmarshal(message.Params, &params) // a call has an object
			delete(params, "_meta")
			c.Body, _ = json.Marshal(params) // it was JSON
		case "tools/list":
		default:
			return Call{}, false
		}
	} else if len(r.Body) > 0 {
		c.Body = s.plain(r.Body)
	}
	return c, true
}

var (
	uuids   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	times   = regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ`)
	ids     = regexp.MustCompile(`"cpki_event_id":"[^"]*"`)
	version = regexp.MustCompile(`"version":"[^"]*"`)
	class   = regexp.MustCompile(`,"className":"[^"]*"`)
	request = regexp.MustCompile(`,"requestId":"[^"]*"`)
	tokens  = regexp.MustCompile(`"token-\d+"`)
)

// plain replaces what differs from run to run. What isn't JSON becomes a text, but for
// what has no quotes.
func (s *session) plain(data []byte) json.RawMessage {
	text := strings.NewReplacer(s.p.URL, "API", s.p.GatewayURL, "GATEWAY", s.p.Key, "KEY").Replace(string(data))
	text = ids.ReplaceAllString(text, `"cpki_event_id":"ID"`)
	text = uuids.ReplaceAllString(text, "UUID")
	text = times.ReplaceAllString(text, "TIME")
	text = version.ReplaceAllString(text, `"version":"VERSION"`)
	text = class.ReplaceAllString(text, "")
	text = request.ReplaceAllString(text, "")
	text = tokens.ReplaceAllString(text, `"TOKEN"`)
	if json.Valid([]byte(text)) || strings.HasPrefix(text, "/") {
		return json.RawMessage(text)
	}
	quoted, _ := json.Marshal(text) // a string always can
	return quoted
}
