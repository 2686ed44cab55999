// Package scriptedmodel is an OpenAI-compatible provider for tests: a real HTTP server
// that answers by a script, records its requests, and counts the connected clients.
//
//	model := scriptedmodel.New(scriptedmodel.Script{Answers: []scriptedmodel.Answer{{Text: "Hello there"}}})
//	server := httptest.NewServer(model)
//	defer server.Close()
//	// … point a base URL at server.URL + "/v1"
package scriptedmodel

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Model answers requests for chat completions and transcriptions. It is an
// [http.Handler] that is safe for concurrent use. GET /status returns its [Status].
type Model struct {
	script Script
	left   chan struct{}

	mu       sync.Mutex
	turn     int
	requests []Request
	status   Status
}

// Request is a request to the model.
type Request struct {
	Path   string
	Header http.Header
	Body   []byte
}

// Status counts answers and clients.
type Status struct {
	Requests int `json:"requests"`
	// Open is the number of answers in progress.
	Open int `json:"open"`
	// Left is the number of clients that closed the connection before the end.
	Left int `json:"left"`
}

// New returns a model that follows the script.
func New(script Script) *Model {
	return &Model{script: script, left: make(chan struct{}, 1024)}
}

// Requests returns the requests so far, in order.
func (m *Model) Requests() []Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Request(nil), m.requests...)
}

// Status returns the counts.
func (m *Model) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status
}

// Left returns a channel that receives a value whenever a client closes the connection
// before the end of its answer.
func (m *Model) Left() <-chan struct{} { return m.left }

// ServeHTTP answers one request.
func (m *Model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/status" {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(m.Status())
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer := m.begin(Request{Path: r.URL.RequestURI(), Header: r.Header.Clone(), Body: body})
	complete := false
	defer func() {
		m.end(complete)
		if complete && answer.Break {
			panic(http.ErrAbortHandler) // closes the connection
		}
	}()
	switch {
	case strings.HasSuffix(r.URL.Path, "/chat/completions"):
		complete = answer.serve(w, r)
	case strings.HasSuffix(r.URL.Path, "/audio/transcriptions"):
		complete = true
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]string{"text": m.script.Transcription})
	default:
		complete = true
		http.NotFound(w, r)
	}
}

// begin records a request and chooses its answer.
func (m *Model) begin(request Request) *Answer {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests = append(m.requests, request)
	m.status.Requests++
	m.status.Open++
	if strings.HasSuffix(request.Path, "/audio/transcriptions") {
		return &Answer{}
	}
	return m.pick(lastMessage(request.Body))
}

func (m *Model) end(complete bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status.Open--
	if complete {
		return
	}
	m.status.Left++
	select {
	case m.left <- struct{}{}:
	default: // nobody receives
	}
}

// pick returns the first answer that matches, or else the next one in turn.
func (m *Model) pick(last string) *Answer {
	var inTurn []*Answer
	for i := range m.script.Answers {
		answer := &m.script.Answers[i]
		if answer.Match == "" {
			inTurn = append(inTurn, answer)
		} else if strings.Contains(last, answer.Match) {
			return answer
		}
	}
	if len(inTurn) == 0 {
		return &Answer{Text: "ok"}
	}
	answer := inTurn[min(m.turn, len(inTurn)-1)]
	m.turn++
	return answer
}

// lastMessage returns the content of a request's last message, as text or JSON.
func lastMessage(body []byte) string {
	var request struct {
		Messages []struct {
			Content json.RawMessage `json:"content"`
		} `json:"messages"`
	}
	if json.Unmarshal(body, &request) != nil || len(request.Messages) == 0 {
		return ""
	}
	content := request.Messages[len(request.Messages)-1].Content
	var text string
	if json.Unmarshal(content, &text) == nil {
		return text
	}
	return string(content)
}
