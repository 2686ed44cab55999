package bundle_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/opengenui"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/bundle"
)

// artist draws a page.
var artist = agent.Func(func(_ context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		_ = yield(agui.ToolCallStartEvent{ToolCallID: "c", ToolCallName: opengenui.ToolName}, nil) &&
			yield(agui.ToolCallArgsEvent{ToolCallID: "c", Delta: `{"html":"<p>"}`}, nil) &&
			yield(agui.ToolCallEndEvent{ToolCallID: "c"}, nil) &&
			yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID}, nil)
	}
})

// newBundle returns the runtime of an environment whose agents are artists.
func newBundle(t *testing.T, logger *slog.Logger, options []bundle.Option, entries ...string) *core.Runtime {
	t.Helper()
	options = append(options, bundle.WithAgent("default", artist), bundle.WithAgent("other", artist), bundle.WithLogger(logger))
	runtime, err := bundle.New(t.Context(), env(append(entries, "COPILOTKIT_STORE=memory")...), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { runtime.Close() })
	return runtime
}

// runAgent runs an agent, and returns its stream.
func runAgent(handler http.Handler, agentID string, header http.Header) string {
	r := httptest.NewRequest("POST", "/api/copilotkit/agent/"+agentID+"/run", strings.NewReader(
		`{"threadId":"`+agentID+`","runId":"r","state":{},"messages":[],"tools":[],"context":[],"forwardedProps":{}}`))
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Body.String()
}

func TestWhoMayDrawPages(t *testing.T) {
	for value, test := range map[string]struct{ announced, drawn, others bool }{
		"":                       {false, false, false},
		"off":                    {false, false, false},
		"on":                     {true, true, true},
		`{}`:                     {true, true, true},
		`{"agents":null}`:        {true, true, true},
		` {"agents":["other"]} `: {true, false, true},
	} {
		t.Run(value, func(t *testing.T) {
			runtime := newBundle(t, slog.New(slog.DiscardHandler), nil, "COPILOTKIT_OPEN_GENERATIVE_UI="+value)
			info := get(runtime, "/api/copilotkit/info", nil).Body.String()
			if want := fmt.Sprintf(`"openGenerativeUIEnabled":%t`, test.announced); !strings.Contains(info, want) {
				t.Errorf("no %s in %s", want, info)
			}
			for agentID, want := range map[string]bool{"default": test.drawn, "other": test.others} {
				if got := strings.Contains(runAgent(runtime, agentID, nil), "ACTIVITY_SNAPSHOT"); got != want {
					t.Errorf("%s draws: %t, want %t", agentID, got, want)
				}
			}
		})
	}
}

func TestOnlyAgentsThatThereAreCanBeNamed(t *testing.T) {
	entries := env(`COPILOTKIT_OPEN_GENERATIVE_UI={"agents":["othr"]}`)
	_, err := bundle.New(t.Context(), entries, bundle.WithAgent("default", artist))
	if err == nil || !strings.Contains(err.Error(), `COPILOTKIT_OPEN_GENERATIVE_UI: there is no agent "othr"`) {
		t.Errorf("error %v", err)
	}
	for variable, value := range map[string]string{
		"COPILOTKIT_A2UI":     `{"agents":["default","othr"]}`,
		"COPILOTKIT_MCP_APPS": `{"map":{"url":"http://map.example/mcp","agentId":"othr"}}`,
	} {
		_, err := bundle.New(t.Context(), env(variable+"="+value), bundle.WithAgent("default", artist))
		if err == nil || !strings.Contains(err.Error(), variable+`: there is no agent "othr"`) {
			t.Errorf("%s: error %v", variable, err)
		}
	}
	runtime, err := bundle.New(t.Context(), entries, bundle.WithAgent("default", artist), bundle.WithConfig(func(config *core.Config) {
		config.Agents["othr"] = artist
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.Close()
	if !strings.Contains(runAgent(runtime, "othr", nil), "ACTIVITY_SNAPSHOT") {
		t.Error("an agent that a function adds doesn't draw")
	}
}

func TestWhatIsLoggedOfRuns(t *testing.T) {
	for value, want := range map[string]core.Debug{
		"": {}, "off": {}, "on": {Events: true, Lifecycle: true}, `{}`: {Events: true, Lifecycle: true},
		`{"events":false}`: {Lifecycle: true}, `{"lifecycle":false,"verbose":true}`: {Events: true, Verbose: true},
	} {
		settings, err := bundle.Read(env("COPILOTKIT_DEBUG="+value), nil)
		if err != nil || settings.Debug != want {
			t.Errorf("%s: %+v, %v", value, settings, err)
		}
	}
	var log strings.Builder
	runtime := newBundle(t, slog.New(slog.NewTextHandler(&log, nil)), nil, "COPILOTKIT_DEBUG=on")
	runAgent(runtime, "default", nil)
	if got := strings.Count(log.String(), "run event"); got != 5 {
		t.Errorf("%d events are logged, want 5:\n%s", got, log.String())
	}
}

func TestHowLongStreamsAreSilent(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 15 * time.Second, "0": -1, "0.5": 500 * time.Millisecond, "2147483.647": 2147483647 * time.Millisecond,
	} {
		var got time.Duration
		newBundle(t, slog.New(slog.DiscardHandler), []bundle.Option{bundle.WithConfig(func(config *core.Config) { got = config.KeepAlive })},
			"COPILOTKIT_SSE_KEEP_ALIVE_SECONDS="+value)
		if got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestWhichHeadersAgentsGet(t *testing.T) {
	sent := http.Header{
		"Authorization": {"Bearer t"}, "X-One": {"1"}, "X-Two": {"2"}, "X-My-Own": {"m"}, "X-Real-Ip": {"9.9.9.9"}, "Accept-Language": {"no"},
	}
	for value, want := range map[string]string{
		"":                                     "Authorization X-My-Own X-One X-Two",
		`{}`:                                   "Authorization X-My-Own X-One X-Two",
		`{"deny":["AUTHORIZATION"," x-two "]}`: "X-My-Own X-One",
		`{"denyPrefixes":["x-my-"]}`:           "Authorization X-One X-Two",
		`{"useDefaultDenylist":false}`:         "Authorization X-My-Own X-One X-Real-Ip X-Two",
		`{"allow":["Accept-Language","X-Real-Ip","x-one"],"deny":["x-one"]}`: "Accept-Language X-Real-Ip",
	} {
		var got []string
		names := agent.Func(func(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			for name := range agent.ForwardedHeaders(ctx) {
				got = append(got, name)
			}
			return artist(ctx, in)
		})
		runtime := newBundle(t, slog.New(slog.DiscardHandler), []bundle.Option{bundle.WithConfig(func(config *core.Config) { config.Agents["names"] = names })},
			"COPILOTKIT_FORWARD_HEADERS="+value)
		runAgent(runtime, "names", sent)
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", value, got, want)
		}
	}
}
