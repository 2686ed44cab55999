package platformtest

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Event holds the fields of an AG-UI event that the suite checks.
type Event struct {
	Type  string `json:"type"`
	Delta string `json:"delta"`
	Code  string `json:"code"`
}

// Response is a complete answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request and reads the answer to its end.
func (d *Deployment) Do(t testing.TB, method, path, body string, header http.Header) *Response {
	t.Helper()
	response := d.send(t, method, path, body, header)
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("read the answer of %s %s: %v\n%s", method, path, err, d.Log)
	}
	return &Response{Status: response.StatusCode, Header: response.Header, Body: data}
}

// JSON checks the status and decodes the body.
func (r *Response) JSON(t testing.TB, status int, into any) {
	t.Helper()
	if r.Status != status {
		t.Fatalf("the status is %d, want %d: %s", r.Status, status, r.Body)
	}
	if err := json.Unmarshal(r.Body, into); err != nil {
		t.Fatalf("decode the answer: %v: %s", err, r.Body)
	}
}

// StartRun starts a run of the default agent.
func (d *Deployment) StartRun(t testing.TB, threadID string) *Stream {
	t.Helper()
	return d.Stream(t, BasePath+"/agent/default/run", RunInput(threadID, "hi"))
}

// Stream posts a body and returns the stream of events that answers it. The stream is
// closed when the test ends.
func (d *Deployment) Stream(t testing.TB, path, body string) *Stream {
	t.Helper()
	s := &Stream{deployment: d, path: path, input: body}
	s.open(t, path, "0")
	return s
}

func (d *Deployment) send(t testing.TB, method, path, body string, header http.Header) *http.Response {
	t.Helper()
	// An event that never arrives fails the test instead of blocking it.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, method, d.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", method, path, err, d.Log)
	}
	return response
}

// Stream is a stream of events.
type Stream struct {
	deployment *Deployment
	path       string
	input      string
	body       io.Closer
	lines      *bufio.Reader
	// id is the id of the last event, empty if the stream has none.
	id string
}

// open requests the events after the one with the id.
func (s *Stream) open(t testing.TB, path, after string) {
	t.Helper()
	header := jsonHeader()
	if s.deployment.MayBreak {
		header.Set("Last-Event-ID", after)
	}
	response := s.deployment.send(t, http.MethodPost, path, s.input, header)
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		data, _ := io.ReadAll(response.Body)
		t.Fatalf("POST %s has status %d: %s\n%s", path, response.StatusCode, data, s.deployment.Log)
	}
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("POST %s has content type %q, want text/event-stream", path, got)
	}
	s.body, s.lines = response.Body, bufio.NewReader(response.Body)
}

// Close closes the connection before the end.
func (s *Stream) Close() { _ = s.body.Close() }

// Next returns the next event; ok is false at the end of the stream. If the platform
// may break streams off, Next continues one with connect.
func (s *Stream) Next(t testing.TB) (event Event, ok bool) {
	t.Helper()
	id := s.id
	for {
		line, err := s.lines.ReadString('\n')
		if err == io.EOF && line == "" {
			return Event{}, false
		}
		if err != nil && s.deployment.MayBreak && strings.HasSuffix(s.path, "/run") {
			t.Logf("the stream broke off after event %q, and connect goes on with it: %v", s.id, err)
			s.open(t, strings.TrimSuffix(s.path, "/run")+"/connect", cmp.Or(s.id, "0"))
			continue
		}
		if err != nil {
			t.Fatalf("the stream broke off: %v", err)
		}
		if value, found := strings.CutPrefix(line, "id: "); found {
			id = strings.TrimSpace(value)
		}
		data, found := strings.CutPrefix(line, "data: ")
		if !found {
			continue
		}
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			t.Fatalf("decode the event %s: %v", data, err)
		}
		s.id = id
		return event, true
	}
}

// Until returns the events up to the first one of a type.
func (s *Stream) Until(t testing.TB, eventType string) []Event {
	t.Helper()
	var events []Event
	for {
		event, ok := s.Next(t)
		if !ok {
			t.Fatalf("the stream ended without %s: %v", eventType, events)
		}
		events = append(events, event)
		if event.Type == eventType {
			return events
		}
	}
}

// Rest returns the events to the end of the stream.
func (s *Stream) Rest(t testing.TB) []Event {
	t.Helper()
	var events []Event
	for {
		event, ok := s.Next(t)
		if !ok {
			return events
		}
		events = append(events, event)
	}
}

// Text joins the deltas of the text.
func Text(events []Event) string {
	var b strings.Builder
	for _, event := range events {
		if event.Type == "TEXT_MESSAGE_CONTENT" {
			b.WriteString(event.Delta)
		}
	}
	return b.String()
}

func count(events []Event, eventType string) int {
	n := 0
	for _, event := range events {
		if event.Type == eventType {
			n++
		}
	}
	return n
}

// RunInput returns the body of a run with one message.
func RunInput(threadID, message string) string {
	return fmt.Sprintf(
		`{"threadId":%q,"runId":"run-1","state":{},"messages":[{"id":"message-1","role":"user","content":%q}],"tools":[],"context":[],"forwardedProps":{}}`,
		threadID, message)
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }
