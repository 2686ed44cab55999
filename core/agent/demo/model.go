package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Model answers requests for chat completions as an OpenAI-compatible provider
// does, without a network. It takes the place of an HTTP client and is safe for
// concurrent use.
type Model struct {
	// Pace is the time between two deltas. 0: none.
	Pace time.Duration
}

// Do answers one request with a stream.
func (m *Model) Do(request *http.Request) (*http.Response, error) {
	defer request.Body.Close()
	if !strings.HasSuffix(request.URL.Path, "/chat/completions") {
		return failed(request, http.StatusNotFound, "the demo model knows chat completions only"), nil
	}
	var asked conversation
	if err := json.NewDecoder(request.Body).Decode(&asked); err != nil {
		return failed(request, http.StatusBadRequest, "the request is not JSON"), nil
	}
	return &http.Response{
		Status:     "200 OK",
		StatusCode: http.StatusOK,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Content-Type": {"text/event-stream"}},
		Body:    &stream{ctx: request.Context(), pace: m.Pace, deltas: asked.answer()},
		Request: request, ContentLength: -1,
	}, nil
}

func failed(request *http.Request, status int, message string) *http.Response {
	body, _ := json.Marshal(map[string]any{"error": map[string]any{"message": message, "type": "invalid_request_error"}})
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", status, http.StatusText(status)),
		StatusCode: status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Content-Type": {"application/json"}},
		Body:    io.NopCloser(bytes.NewReader(body)),
		Request: request, ContentLength: int64(len(body)),
	}
}

// delta is a piece of an answer, in the provider's form.
type delta struct {
	Content          string         `json:"content,omitempty"`
	ReasoningContent string         `json:"reasoning_content,omitempty"`
	ToolCalls        []toolCallPart `json:"tool_calls,omitempty"`
}

type toolCallPart struct {
	Index    int    `json:"index"`
	ID       string `json:"id,omitempty"`
	Type     string `json:"type,omitempty"`
	Function struct {
		Name      string `json:"name,omitempty"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// stream is the body of an answer. It makes each event when it is read, so
// there is nothing that runs on its own.
type stream struct {
	ctx     context.Context
	pace    time.Duration
	deltas  []delta
	next    int
	pending []byte
}

// Read waits for the pace, and gives the next event or the rest of the last one.
func (s *stream) Read(p []byte) (int, error) {
	if len(s.pending) == 0 {
		if s.next > len(s.deltas)+1 {
			return 0, io.EOF
		}
		if err := s.wait(); err != nil {
			return 0, err
		}
		s.pending = s.event()
		s.next++
	}
	n := copy(p, s.pending)
	s.pending = s.pending[n:]
	return n, nil
}

// Close ends the answer.
func (s *stream) Close() error {
	s.pending, s.next = nil, len(s.deltas)+2
	return nil
}

func (s *stream) wait() error {
	if s.pace <= 0 || s.next == 0 || s.next > len(s.deltas) {
		return s.ctx.Err()
	}
	timer := time.NewTimer(s.pace)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// event is the event at next: a delta, the reason of the end, or the end.
func (s *stream) event() []byte {
	if s.next > len(s.deltas) {
		return []byte("data: [DONE]\n\n")
	}
	choice := map[string]any{"index": 0, "finish_reason": nil}
	if s.next < len(s.deltas) {
		choice["delta"] = s.deltas[s.next]
	} else {
		choice["delta"], choice["finish_reason"] = delta{}, "stop"
		if last := len(s.deltas) - 1; last >= 0 && s.deltas[last].ToolCalls != nil {
			choice["finish_reason"] = "tool_calls"
		}
	}
	data, _ := json.Marshal(map[string]any{
		"id": "demo", "object": "chat.completion.chunk", "model": "demo", "choices": []any{choice},
	})
	return fmt.Appendf(nil, "data: %s\n\n", data)
}
