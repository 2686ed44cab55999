package core_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// described is an agent that says all about itself.
type described struct {
	agent.Agent
	capabilities func() agui.Capabilities
}

func (described) Description() string               { return "Knows <all>" }
func (described) ClassName() string                 { return "BuiltInAgent" }
func (d described) Capabilities() agui.Capabilities { return d.capabilities() }

// plain is an agent that says nothing about itself.
type plain struct{ agent.Agent }

func TestInfoDescribesTheAgents(t *testing.T) {
	known := func() agui.Capabilities {
		return agui.Capabilities{"tools": json.RawMessage(`{ "supported": true }`)}
	}
	handler := newRuntime(t, core.Config{Transcriber: dictation, Agents: map[string]agent.Agent{
		"default": described{greeter, known},
		"plain":   &plain{greeter},
		"wild":    described{greeter, func() agui.Capabilities { panic("no") }},
		"wrong":   described{greeter, func() agui.Capabilities { return agui.Capabilities{"x": json.RawMessage("{")} }},
	}})
	got := get(t.Context(), handler, "/info").Body.String()
	want := `{"version":"1.75.0","agents":{` +
		`"default":{"name":"default","description":"Knows <all>","className":"BuiltInAgent","capabilities":{"tools":{"supported":true}}},` +
		`"plain":{"name":"plain","description":"","className":"plain"},` +
		`"wild":{"name":"wild","description":"Knows <all>","className":"BuiltInAgent"},` +
		`"wrong":{"name":"wrong","description":"Knows <all>","className":"BuiltInAgent"}` +
		`},"audioFileTranscriptionEnabled":true,"mode":"sse",` +
		`"threadEndpoints":{"list":true,"inspect":true,"mutations":true,"realtimeMetadata":false},` + infoTail
	if got != want {
		t.Errorf("got\n  %s\nwant\n  %s", got, want)
	}
}

func TestAgentsOfARequest(t *testing.T) {
	handler := newRuntime(t, core.Config{AgentsFor: func(r *http.Request) (map[string]agent.Agent, error) {
		switch tenant := r.Header.Get("X-Tenant"); tenant {
		case "":
			return nil, &core.HTTPError{Status: 401, Body: "Who are you?"}
		case "broken":
			return nil, errors.New("no database")
		default:
			return map[string]agent.Agent{tenant: greeter}, nil
		}
	}})
	for _, test := range []struct {
		tenant, path string
		status       int
		body         string
	}{
		{"acme", "/agent/acme/run", 200, ""},
		{"acme", "/agent/other/run", 404, `{"error":"Agent not found","message":"Agent 'other' does not exist"}`},
		{"other", "/agent/acme/suggest", 404, `{"error":"Agent not found","message":"Agent 'acme' does not exist"}`},
		{"", "/agent/acme/run", 401, "Who are you?"},
		{"broken", "/agent/acme/run", 500, `{"error":"Failed to run agent","message":"Internal error"}`},
		{"broken", "/agent/acme/connect", 500, `{"error":"Failed to run agent","message":"Internal error"}`},
		{"broken", "/agent/acme/stop/t", 500, `{"error":"Failed to stop agent","message":"Internal error"}`},
	} {
		body := input
		if strings.Contains(test.path, "stop") {
			body = ""
		}
		got := request{method: "POST", path: test.path, body: body, header: http.Header{"X-Tenant": {test.tenant}}}.to(handler)
		if got.Code != test.status || (test.body != "" && bodyOf(got) != test.body) {
			t.Errorf("%q, %s: %d %s", test.tenant, test.path, got.Code, got.Body)
		}
	}
	info := request{method: "GET", path: "/info", header: http.Header{"X-Tenant": {"acme"}}}.to(handler).Body.String()
	if !strings.Contains(info, `"agents":{"acme":{`) {
		t.Errorf("info: %s", info)
	}
}
