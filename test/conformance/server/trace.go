package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agui"
)

// trace records the calls of the hooks, until the case asks for them.
type trace struct {
	mu   sync.Mutex
	seen []string
}

func (t *trace) add(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen = append(t.seen, fmt.Sprintf(format, args...))
}

func (t *trace) take() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := t.seen
	t.seen = nil
	return append([]string{}, seen...)
}

func (t *trace) hooks() core.Hooks {
	return core.Hooks{
		BeforeRequest: func(r *http.Request) (*http.Request, error) {
			t.add("beforeRequest %s %s", r.Method, r.URL.EscapedPath())
			return act(r, "beforeRequest")
		},
		AfterRequest: func(r *http.Request, answer core.Answer) error {
			t.add("afterRequest %s %s", r.URL.EscapedPath(), answerJSON(answer))
			return nil
		},
		OnRequest: func(r *http.Request) (*http.Request, error) {
			t.add("onRequest %s %s", r.Method, r.URL.EscapedPath())
			return act(r, "onRequest")
		},
		OnBeforeHandler: func(r *http.Request, route core.Route) (*http.Request, error) {
			t.add("onBeforeHandler %s", routeJSON(route))
			return act(r, "onBeforeHandler")
		},
		OnResponse: func(r *http.Request, route core.Route, response *core.Response) error {
			t.add("onResponse %s %d", nameOf(route, "info"), response.Status)
			switch r.Header.Get("X-Act") {
			case "onResponse fails":
				return errors.New("onResponse failed")
			case "onResponse changes":
				response.Status = http.StatusAccepted
			}
			response.Header.Set("X-Hooked", "yes")
			return nil
		},
		OnError: func(r *http.Request, route core.Route, _ error) error {
			t.add("onError %s", nameOf(route, "no route"))
			switch r.Header.Get("X-On-Error") {
			case "answers":
				return &core.HTTPError{Status: http.StatusServiceUnavailable, Body: map[string]string{"handled": r.Header.Get("X-Act")}}
			case "fails":
				return errors.New("onError failed")
			}
			return nil
		},
	}
}

// act does what the request asks for at a stage.
func act(r *http.Request, stage string) (*http.Request, error) {
	switch r.Header.Get("X-Act") {
	case stage + " answers":
		return nil, &core.HTTPError{
			Status: http.StatusTeapot,
			Header: http.Header{"X-Early": {stage}},
			Body:   map[string]string{"early": stage},
		}
	case stage + " fails":
		return nil, fmt.Errorf("%s failed", stage)
	case stage + " changes":
		changed := r.Clone(r.Context())
		changed.Header.Set("X-Changed-By", stage)
		return changed, nil
	}
	return nil, nil
}

func nameOf(route core.Route, none core.RouteName) core.RouteName {
	if route.Name == "" {
		return none
	}
	return route.Name
}

// routeJSON and answerJSON have the field names of the reference.
func routeJSON(route core.Route) string {
	return encode(struct {
		Method   core.RouteName `json:"method"`
		AgentID  string         `json:"agentId,omitempty"`
		ThreadID string         `json:"threadId,omitempty"`
	}{route.Name, route.AgentID, route.ThreadID})
}

func answerJSON(answer core.Answer) string {
	type toolCall struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Args string `json:"args"`
	}
	type message struct {
		ID         string     `json:"id"`
		Role       agui.Role  `json:"role"`
		Content    *string    `json:"content,omitempty"`
		ToolCalls  []toolCall `json:"toolCalls,omitempty"`
		ToolCallID string     `json:"toolCallId,omitempty"`
	}
	messages := []message{}
	for _, m := range answer.Messages {
		seen := message{ID: m.ID, Role: m.Role, ToolCallID: m.ToolCallID}
		if !m.Content.IsAbsent() {
			text := m.Content.Text()
			seen.Content = &text
		}
		for _, call := range m.ToolCalls {
			seen.ToolCalls = append(seen.ToolCalls, toolCall{call.ID, call.Name, call.Arguments})
		}
		messages = append(messages, seen)
	}
	return encode(struct {
		Messages []message `json:"messages"`
		ThreadID string    `json:"threadId,omitempty"`
		RunID    string    `json:"runId,omitempty"`
	}{messages, answer.ThreadID, answer.RunID})
}

func encode(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}
