package mcpapps_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/mcp"
	"github.com/copilotkit-go/runtime/core/agui"
)

func TestToolsWithAPageAreOfferedToTheModel(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meta map[string]any
		want bool
	}{
		"with a page":                            {withPage(), true},
		"visible to the model":                   {withPage("model"), true},
		"visible to both":                        {withPage("model", "app"), true},
		"visible to pages alone":                 {withPage("app"), false},
		"visible to an empty list":               {map[string]any{"ui": map[string]any{"resourceUri": page, "visibility": []any{}}}, false},
		"visible to what isn't a list":           {map[string]any{"ui": map[string]any{"resourceUri": page, "visibility": "model"}}, false},
		"visible to null":                        {map[string]any{"ui": map[string]any{"resourceUri": page, "visibility": nil}}, false},
		"with the page in the older place":       {map[string]any{"ui/resourceUri": page}, true},
		"with the page in both places":           {map[string]any{"ui": map[string]any{"resourceUri": page}, "ui/resourceUri": "ui://old"}, true},
		"with another thing in the newer place":  {map[string]any{"ui": map[string]any{"resourceUri": 1}, "ui/resourceUri": page}, true},
		"with a page that isn't text":            {map[string]any{"ui": map[string]any{"resourceUri": 1}}, false},
		"with ui that isn't an object":           {map[string]any{"ui": page}, false},
		"without a page":                         {nil, false},
		"without a page, though visible to both": {map[string]any{"ui": map[string]any{"visibility": []any{"model", "app"}}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newAppServer(t, shows("a", c.meta))
			got := offered(t, appsOf(t, server.at(mcp.StreamableHTTP)), input())
			if (len(got) == 1) != c.want {
				t.Fatalf("offered %v", got)
			}
			if !c.want {
				return
			}
			if want := "tool a\n[UI Resource: " + page + "]"; got[0].Description != want || got[0].Name != "a" || string(got[0].Parameters) != `{"type":"object"}` {
				t.Errorf("offered %+v", got[0])
			}
		})
	}
}

func TestToolsOfAllPagesAndServersAreOffered(t *testing.T) {
	t.Parallel()
	forBothTransports(t, func(t *testing.T, transport mcp.Transport) {
		t.Parallel()
		var many []tools
		for i := range 7 {
			many = append(many, shows(fmt.Sprintf("a%d", i), withPage()))
		}
		first, second := newAppServer(t, many...), newAppServer(t, shows("b", withPage()))
		apps := appsOf(t, first.at(transport), second.at(transport))
		in := input()
		in.Tools = []agui.Tool{{Name: "own"}}
		if got := names(offered(t, apps, in)); got != "own a0 a1 a2 a3 a4 a5 a6 b" {
			t.Errorf("offered %s", got)
		}
		if len(in.Tools) != 1 {
			t.Errorf("the input was changed: %v", in.Tools)
		}
	})
}

func TestOfANameTheFirstToolIsOffered(t *testing.T) {
	t.Parallel()
	first := newAppServer(t, shows("a", withPage()), shows("b", withPage()))
	second := newAppServer(t, shows("b", withPage()), shows("c", withPage()))
	apps := appsOf(t, first.at(mcp.StreamableHTTP), second.at(mcp.StreamableHTTP))
	in := input()
	in.Tools = []agui.Tool{{Name: "a", Description: "the front end's"}}
	got := offered(t, apps, in)
	if names(got) != "a b c" || got[0].Description != "the front end's" {
		t.Errorf("offered %+v", got)
	}
	// And called: the front end's by nobody here, the other by the first server.
	inner := &played{events: append(append(calling("1", "a"), calling("2", "b")...), finished())}
	if _, err := run(t.Context(), t, apps, inner, in); err != nil {
		t.Fatal(err)
	}
	if first.asked("tools/call") != 1 || second.asked("tools/call") != 0 {
		t.Errorf("%d and %d calls", first.asked("tools/call"), second.asked("tools/call"))
	}
}

func TestServersAreForTheirAgents(t *testing.T) {
	t.Parallel()
	shared, own := newAppServer(t, shows("shared", withPage())), newAppServer(t, shows("own", withPage()))
	of := own.at(mcp.StreamableHTTP)
	of.AgentID, of.ServerID = "research", "own"
	apps := appsOf(t, shared.at(mcp.StreamableHTTP), of)
	for agentID, want := range map[string]string{"default": "shared", "research": "shared own"} {
		inner := &played{events: []agui.Event{finished()}}
		for range apps.Extend(agentID, inner).Run(t.Context(), input()) {
		}
		if got := names(inner.input.Tools); got != want {
			t.Errorf("%s is offered %s", agentID, got)
		}
	}
	before := own.total()
	if got := ask(t.Context(), t, apps, "default", `{"serverId":"own","method":"ping"}`); got != `{"error":"Unknown server: own"}` || own.total() != before {
		t.Errorf("another agent's server answers %s", got)
	}
	if got := ask(t.Context(), t, apps, "research", `{"serverId":"own","method":"ping"}`); got != `{}` {
		t.Errorf("the agent's server answers %s", got)
	}
}

func TestAToolThatCouldEndTheRunIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{`{"type":"string"}`, `{"type":["object","null"]}`} {
		server := hostile(t, "tools/list", `{"tools":[{"name":"odd","inputSchema":`+schema+`,"_meta":{"ui":{"resourceUri":"ui://a"}}},`+
			`{"name":"good","inputSchema":{},"_meta":{"ui":{"resourceUri":"ui://a"}}}]}`)
		if got := names(offered(t, appsOf(t, server), input())); got != "good" && got != "" {
			t.Errorf("with the schema %s: offered %s", schema, got)
		}
	}
}

func TestServersAreToldOfTheExtension(t *testing.T) {
	t.Parallel()
	server := newAppServer(t, shows("a", withPage()))
	offered(t, appsOf(t, server.at(mcp.SSE)), input())
	for session := range server.sdk.Sessions() {
		told, _ := json.Marshal(session.InitializeParams().Capabilities.Extensions)
		if want := `{"io.modelcontextprotocol/ui":{"mimeTypes":["text/html;profile=mcp-app"]}}`; string(told) != want {
			t.Errorf("told %s", told)
		}
	}
}
