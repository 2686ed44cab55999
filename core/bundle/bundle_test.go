package bundle_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// silent is an agent that says nothing.
var silent = agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(func(agui.Event, error) bool) {}
})

func get(handler http.Handler, path string, header http.Header) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request.Header = header
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

func TestInfoShowsTheAgentsOfTheBundle(t *testing.T) {
	tests := map[string]struct {
		env     bundle.Env
		options []bundle.Option
		path    string
		want    string
	}{
		"only the built-in agent":                {env("OPENAI_API_KEY=sk-1"), nil, "/api/copilotkit/info", "default"},
		"the demo model without a key":           {env("COPILOTKIT_MODEL=demo"), nil, "/api/copilotkit/info", "default"},
		"an agent of an option beside it":        {env("COPILOTKIT_MODEL=demo"), []bundle.Option{bundle.WithAgent("mute", silent)}, "/api/copilotkit/info", "default mute"},
		"an agent in its place, without any key": {env(), []bundle.Option{bundle.WithAgent("default", silent)}, "/api/copilotkit/info", "default"},
		"below another base path":                {env("COPILOTKIT_MODEL=demo", "COPILOTKIT_BASE_PATH=/copilot"), nil, "/copilot/info", "default"},
		"at the root":                            {env("COPILOTKIT_MODEL=demo", "COPILOTKIT_BASE_PATH=/"), nil, "/info", "default"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			handler, err := bundle.New(t.Context(), test.env, test.options...)
			if err != nil {
				t.Fatal(err)
			}
			answer := get(handler, test.path, nil)
			var info struct{ Agents map[string]any }
			if err := json.Unmarshal(answer.Body.Bytes(), &info); err != nil {
				t.Fatalf("%d %s: %v", answer.Code, answer.Body, err)
			}
			for _, agent := range strings.Fields(test.want) {
				if _, ok := info.Agents[agent]; !ok {
					t.Errorf("agent %s is missing from %s", agent, answer.Body)
				}
			}
			if len(info.Agents) != len(strings.Fields(test.want)) {
				t.Errorf("got %s, want only %s", answer.Body, test.want)
			}
		})
	}
}

func TestCORSIsAsTheEnvironmentSays(t *testing.T) {
	tests := map[string]struct{ value, origin, want string }{
		"any origin by default":         {"", "https://a.example", "*"},
		"a listed origin":               {"https://a.example,https://b.example", "https://b.example", "https://b.example"},
		"no header for an unlisted one": {"https://a.example", "https://c.example", ""},
		"no header when it is off":      {"off", "https://a.example", ""},
		"a page of this machine":        {"loopback", "http://localhost:5173", "http://localhost:5173"},
		"no header for one elsewhere":   {"loopback", "https://a.example", ""},
		"one that is listed beside it":  {"loopback, https://a.example", "https://a.example", "https://a.example"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			handler, err := bundle.New(t.Context(), env("COPILOTKIT_MODEL=demo", "COPILOTKIT_CORS_ORIGINS="+test.value))
			if err != nil {
				t.Fatal(err)
			}
			answer := get(handler, "/api/copilotkit/info", http.Header{"Origin": {test.origin}})
			if got := answer.Header().Get("Access-Control-Allow-Origin"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := answer.Header().Get("Access-Control-Allow-Credentials"); got != "" {
				t.Errorf("credentials are allowed: %q", got)
			}
		})
	}
}

func TestBrowsersKeepTheAnswersToPreflights(t *testing.T) {
	for set, want := range map[string]string{"": "7200", "0": "0", "60": "60"} {
		handler, err := bundle.New(t.Context(), env("COPILOTKIT_MODEL=demo", "COPILOTKIT_CORS_MAX_AGE_SECONDS="+set))
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequest(http.MethodOptions, "/api/copilotkit/agent/default/run", nil)
		request.Header.Set("Origin", "https://a.example")
		request.Header.Set("Access-Control-Request-Method", http.MethodPost)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if got := answer.Header().Get("Access-Control-Max-Age"); got != want {
			t.Errorf("with %q they keep it for %q seconds, want %q", set, got, want)
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	tests := map[string]struct {
		env      bundle.Env
		variable string
		words    []string
	}{
		"the key for the default model":      {env(), "OPENAI_API_KEY", []string{"openai/gpt-4o"}},
		"an empty key":                       {env("OPENAI_API_KEY="), "OPENAI_API_KEY", []string{"not set"}},
		"the key of another provider":        {env("OPENAI_API_KEY=sk-1", "COPILOTKIT_MODEL=anthropic/claude-sonnet-4"), "ANTHROPIC_API_KEY", []string{"anthropic/claude-sonnet-4"}},
		"a store that isn't linked in":       {env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=mysql://u:hunter2@db/x"), "COPILOTKIT_STORE", []string{"mysql", "broken, memory, postgres, postgresql, redis, rediss"}},
		"a Redis database that is no number": {env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=redis://u:hunter2@cache:6379/one"), "COPILOTKIT_STORE", nil},
		"a store that can't be opened":       {env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=broken://u:hunter2@db/x"), "COPILOTKIT_STORE", []string{"broken://redacted@db/x", "no disk"}},
		"a variable with a typing error":     {env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STOER=memory"), "COPILOTKIT_STOER", []string{"COPILOTKIT_STORE"}},
	}
	broken := bundle.WithStore("broken", func(_ context.Context, address string) (store.Store, error) {
		return nil, errors.New("no disk at " + address)
	})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := bundle.New(t.Context(), test.env, broken)
			var envErr *bundle.EnvError
			if !errors.As(err, &envErr) || envErr.Name != test.variable {
				t.Fatalf("got %v, want an *EnvError for %s", err, test.variable)
			}
			for _, word := range test.words {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q is missing from %q", word, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the password shows in %q", err)
			}
		})
	}
}

func TestToolsThatNoAgentHasAreRefused(t *testing.T) {
	tool := agent.Tool("now", "Tells the time.", func(context.Context, struct{}) (string, error) { return "noon", nil })
	_, err := bundle.New(t.Context(), env(), bundle.WithAgent("default", silent), bundle.WithTool(tool))
	if err == nil || !strings.Contains(err.Error(), "tools") {
		t.Errorf("a tool beside a custom default agent: got %v", err)
	}
	_, err = bundle.New(t.Context(), env("COPILOTKIT_AGENTS=default=http://127.0.0.1:1/run", "COPILOTKIT_MCP_SERVERS=a=http://127.0.0.1:1/mcp"))
	var envErr *bundle.EnvError
	if !errors.As(err, &envErr) || envErr.Name != "COPILOTKIT_MCP_SERVERS" {
		t.Errorf("an MCP server beside a remote default agent: got %v", err)
	}
}

func TestAStoreIsOpenedByItsScheme(t *testing.T) {
	var opened string
	kept := memory.New(memory.Limits{})
	_, err := bundle.New(t.Context(), env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=kept://u:p@host/1?x=y"),
		bundle.WithStore("kept", func(_ context.Context, address string) (store.Store, error) {
			opened = address
			return kept, nil
		}),
		bundle.WithConfig(func(config *core.Config) {
			if config.Store != kept {
				t.Error("the runtime has another store")
			}
		}))
	if err != nil {
		t.Fatal(err)
	}
	if opened != "kept://u:p@host/1?x=y" {
		t.Errorf("got %q", opened)
	}
}

func TestStartUpOpensNoConnection(t *testing.T) {
	// Nothing answers at any of these addresses.
	handler, err := bundle.New(t.Context(), env("OPENAI_API_KEY=sk-1", "OPENAI_BASE_URL=http://127.0.0.1:1/v1",
		"COPILOTKIT_AGENTS=remote=http://127.0.0.1:1/run", "COPILOTKIT_STORE=redis://127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	if answer := get(handler, "/api/copilotkit/info", nil); answer.Code != http.StatusOK {
		t.Errorf("got %d %s", answer.Code, answer.Body)
	}
}

// closer is an agent and a tool source that counts how often it is closed.
type closer struct {
	agent.Agent
	closed *int
}

func (c closer) Tools(context.Context) ([]agent.ServerTool, error) { return nil, nil }

func (c closer) Close() error {
	*c.closed++
	return errors.New("closed badly")
}

func TestCloseClosesWhatTheBundleOpened(t *testing.T) {
	// A server of MCP tools that knows when a session ends.
	ended := make(chan struct{}, 1)
	tools := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server {
		return sdk.NewServer(&sdk.Implementation{Name: "tools", Version: "1"}, nil)
	}, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tools.ServeHTTP(w, r)
		if r.Method == http.MethodDelete {
			ended <- struct{}{}
		}
	}))
	defer server.Close()

	var stores, agents, sources, hooks int
	runtime, err := bundle.New(t.Context(), env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=kept://x", "COPILOTKIT_MCP_SERVERS=tools="+server.URL),
		bundle.WithStore("kept", func(context.Context, string) (store.Store, error) {
			return closing{memory.New(memory.Limits{}), func() { stores++ }}, nil
		}),
		bundle.WithAgent("mine", agent.Use(closer{silent, &agents}, func(inner agent.Agent) agent.Agent { return agent.Func(inner.Run) })),
		bundle.WithToolSource(closer{silent, &sources}),
		bundle.WithConfig(func(config *core.Config) {
			config.Hooks.OnClose = func() error { hooks++; return nil }
		}))
	if err != nil {
		t.Fatal(err)
	}
	run := httptest.NewRequest(http.MethodPost, "/api/copilotkit/agent/default/run", strings.NewReader(
		`{"threadId":"t","runId":"r","state":{},"messages":[{"id":"1","role":"user","content":"hello"}],"tools":[],"context":[],"forwardedProps":{}}`))
	run.Header.Set("Content-Type", "application/json")
	if answer := httptest.NewRecorder(); !serves(runtime, answer, run) {
		t.Fatalf("the run: %d %s", answer.Code, answer.Body)
	}
	for range 2 {
		if err := runtime.Close(); err == nil || strings.Count(err.Error(), "closed badly") != 2 {
			t.Errorf("got %v, want the errors of the agent and of the source", err)
		}
	}
	<-ended
	if stores != 1 || agents != 1 || sources != 1 || hooks != 1 {
		t.Errorf("closed %d stores, %d agents, %d sources, and called OnClose %d times, want 1 of each", stores, agents, sources, hooks)
	}
}

func serves(handler http.Handler, answer *httptest.ResponseRecorder, request *http.Request) bool {
	handler.ServeHTTP(answer, request)
	return answer.Code == http.StatusOK && strings.Contains(answer.Body.String(), "RUN_FINISHED")
}

func TestAFailedBuildClosesWhatItHasOpened(t *testing.T) {
	var stores, agents int
	_, err := bundle.New(t.Context(), env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=kept://x"),
		bundle.WithStore("kept", func(context.Context, string) (store.Store, error) {
			return closing{memory.New(memory.Limits{}), func() { stores++ }}, nil
		}),
		bundle.WithAgent("mine", closer{silent, &agents}),
		bundle.WithConfig(func(config *core.Config) { config.MaxBodyBytes = -1 }))
	if err == nil || stores != 1 {
		t.Errorf("got %v, and closed %d stores, want 1", err, stores)
	}
	if agents != 0 {
		t.Error("the agent of an option was closed, though another build may use it")
	}
}
