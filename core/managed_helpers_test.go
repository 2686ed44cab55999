package core_test

import (
	"context"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/intelligence/managed"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// deployment is a runtime behind a server, whose threads a managed platform keeps.
type deployment struct {
	t        *testing.T
	platform *intelligencetest.Platform
	runtime  *core.Runtime
	address  string
	client   *http.Client
	log      syncBuilder
	watcher  watcher
}

// syncBuilder is written to by several goroutines.
type syncBuilder struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuilder) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuilder) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// deployed runs a test of a deployment on a network in memory, by a clock that jumps.
func deployed(t *testing.T, config core.Config, platform intelligence.Config, test func(t *testing.T, d *deployment)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if agent, ok := config.Agents["default"].(*held); ok {
			agent.begun, agent.release = make(chan begunAgent, 16), make(chan struct{})
		}
		network := new(intelligencetest.Network)
		d := &deployment{t: t, platform: intelligencetest.NewWith(t, intelligencetest.Options{Listen: network.Listen})}
		outbound := &http.Transport{DialContext: network.Dial}
		logger := textLogger(&d.log)
		client, err := managed.New(managed.Options{
			APIKey: d.platform.Key, APIURL: d.platform.URL, WSURL: d.platform.GatewayURL,
			HTTPClient: &http.Client{Transport: outbound}, Logger: logger,
		})
		if err != nil {
			t.Fatal(err)
		}
		platform.Platform = client
		config.Intelligence, config.Logger, config.Observer = &platform, logger, &d.watcher
		if config.Identify == nil {
			config.Identify = byHeader
		}
		d.runtime = newRuntime(t, config)
		listener, err := network.Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		d.address = "http://" + listener.Addr().String()
		server := &http.Server{Handler: d.runtime}
		var serving sync.WaitGroup
		serving.Go(func() { _ = server.Serve(listener) })
		inbound := &http.Transport{DialContext: network.Dial}
		d.client = &http.Client{Transport: inbound}
		t.Cleanup(func() {
			if err := d.runtime.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			inbound.CloseIdleConnections()
			_ = server.Close()
			serving.Wait()
			_ = client.Close()
			outbound.CloseIdleConnections()
			if strings.Contains(d.log.String(), d.platform.Key) {
				t.Error("the key was logged")
			}
		})
		test(t, d)
	})
}

// send sends a request of a user's, and returns the answer's status and body; 0 if there
// is none.
func (d *deployment) send(ctx context.Context, user, method, path, body string) (int, string) {
	d.t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, d.address+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("User", user)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := d.client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(data)
}

// run asks for a run of ada's.
func (d *deployment) run(threadID, runID string) (int, string) {
	d.t.Helper()
	return d.send(d.t.Context(), "ada", "POST", "/agent/default/run", runInput(threadID, runID))
}

func runInput(threadID, runID string) string {
	return strings.NewReplacer(`"t1"`, `"`+threadID+`"`, `"r1"`, `"`+runID+`"`,
		`"messages":[]`, `"messages":[{"id":"u1","role":"user","content":"Hello"}]`).Replace(input)
}

// begins asks for a run that has to begin.
func (d *deployment) begins(threadID, runID string) {
	d.t.Helper()
	if status, body := d.run(threadID, runID); status != http.StatusOK {
		d.t.Fatalf("the run of %s is answered %d: %s", threadID, status, body)
	}
}

// quiet waits until no request is under way, and everybody has nothing to do.
func (d *deployment) quiet() {
	d.t.Helper()
	if err := d.runtime.Wait(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	synctest.Wait()
}

// end returns the type and the JSON of a run's last event, as the platform has it.
func (d *deployment) end(runID string) (agui.EventType, string) {
	d.t.Helper()
	events := d.platform.RunEvents(runID)
	if len(events) == 0 {
		return "", ""
	}
	last := events[len(events)-1]
	return agui.EventType(last.Type), string(last.JSON)
}

// types returns the types of a run's events, as the platform has them.
func (d *deployment) types(runID string) string {
	var types []string
	for _, event := range d.platform.RunEvents(runID) {
		types = append(types, event.Type)
	}
	return strings.Join(slices.Compact(types), " ")
}

// held is an agent that says "hi" and then waits, until it is released or its run is to
// end. Its channels belong to the test in which it is deployed.
type held struct {
	begun   chan begunAgent
	release chan struct{}
}

// begunAgent is a run of an agent.
type begunAgent struct {
	ctx   context.Context
	input *agui.RunAgentInput
}

func (h *held) Run(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		h.begun <- begunAgent{ctx, in}
		if !yield(agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleAssistant}, nil) ||
			!yield(agui.TextMessageContentEvent{MessageID: "m1", Delta: "hi"}, nil) {
			return
		}
		select {
		case <-h.release:
		case <-ctx.Done():
			return
		}
		_ = yield(agui.TextMessageEndEvent{MessageID: "m1"}, nil) &&
			yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID}, nil)
	}
}

// panics is an agent that panics when it has begun to answer.
var panics = agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		yield(agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleAssistant}, nil)
		panic("the agent broke")
	}
})
