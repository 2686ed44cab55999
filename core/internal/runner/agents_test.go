package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

var key = store.Key{Owner: "owner", ID: "thread"}

// script is an agent that yields these events and returns.
func script(events ...agui.Event) agent.Agent { return failing(nil, events...) }

// failing is an agent that yields these events and then an error.
func failing(err error, events ...agui.Event) agent.Agent {
	return agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			for _, event := range events {
				if !yield(event, nil) {
					return
				}
			}
			if err != nil {
				yield(nil, err)
			}
		}
	})
}

// steered is an agent that yields what it is sent, until steps is closed or its
// context ends; then it closes ended.
type steered struct {
	steps chan agui.Event
	ended chan struct{}
	// stubborn agents ignore their context.
	stubborn bool
}

func newSteered() *steered {
	return &steered{steps: make(chan agui.Event), ended: make(chan struct{})}
}

func (a *steered) Run(ctx context.Context, _ *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		defer close(a.ended)
		done := ctx.Done()
		if a.stubborn {
			done = nil
		}
		for {
			select {
			case event, more := <-a.steps:
				if !more || !yield(event, nil) && !a.stubborn {
					return
				}
			case <-done:
				yield(nil, ctx.Err())
				return
			}
		}
	}
}

func start(id string) agui.Event { return agui.TextMessageStartEvent{MessageID: id, Role: "assistant"} }
func delta(id, text string) agui.Event {
	return agui.TextMessageContentEvent{MessageID: id, Delta: text}
}
func end(id string) agui.Event { return agui.TextMessageEndEvent{MessageID: id} }
func finished() agui.Event {
	return agui.RunFinishedEvent{ThreadID: key.ID, RunID: "run"}
}

// encoded is an event as a remote agent passes it on.
func encoded(text string) agui.Event {
	event, err := agui.ParseEncoded([]byte(text))
	if err != nil {
		panic(err)
	}
	return event
}

func input(runID string, messages ...string) *agui.RunAgentInput {
	in := &agui.RunAgentInput{ThreadID: key.ID, RunID: runID, State: json.RawMessage(`{}`)}
	for _, text := range messages {
		in.Messages = append(in.Messages, agui.Message{ID: "id-" + text, Role: agui.RoleUser, Content: agui.TextContent(text)})
	}
	return in
}

func request(a agent.Agent, runID string, messages ...string) runner.Request {
	return runner.Request{Key: key, AgentID: "agent", Agent: a, Input: input(runID, messages...)}
}

// fixture is a runner with its store.
type fixture struct {
	*runner.Runner
	store store.Store
	log   *log
}

func newFixture(t testing.TB, options runner.Options) *fixture {
	return newFixtureOn(t, memory.New(memory.Limits{}), options)
}

func newFixtureOn(t testing.TB, s store.Store, options runner.Options) *fixture {
	t.Helper()
	lines := &log{}
	options.Logger = slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Logf("log:\n%s", lines)
		}
	})
	return &fixture{runner.New(s, options), s, lines}
}

func (f *fixture) begin(t testing.TB, request runner.Request) *runner.Run {
	t.Helper()
	run, err := f.Begin(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// run streams a whole run and returns what the client got.
func (f *fixture) run(t testing.TB, request runner.Request) []string {
	t.Helper()
	var client client
	if err := f.begin(t, request).Stream(t.Context(), runner.Each(client.send)); err != nil {
		t.Fatal(err)
	}
	return client.events()
}

// connect returns what a client that connects gets.
func (f *fixture) connect(t testing.TB, after int64) []string {
	t.Helper()
	var client client
	if err := f.Connect(t.Context(), key, after, runner.Each(client.follow)); err != nil {
		t.Fatal(err)
	}
	return client.events()
}

// client keeps what it is sent, in a form that is easy to compare.
type client struct {
	mu    sync.Mutex
	lines []string
	seqs  []int64
	got   []agui.Encoded
}

func (c *client) send(event agui.Encoded) error {
	return c.follow(store.Record{Event: event})
}

func (c *client) follow(record store.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, line(record.Event))
	c.seqs = append(c.seqs, record.Seq)
	c.got = append(c.got, record.Event)
	return nil
}

func (c *client) events() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.lines)
}

// line returns an event in short: its type and what distinguishes it.
func line(event agui.Encoded) string {
	var fields map[string]any
	if err := json.Unmarshal(event.JSON(), &fields); err != nil {
		panic(err)
	}
	words := []string{strings.ToLower(string(event.EventType()))}
	for _, name := range []string{"runId", "code", "messageId", "toolCallId", "stepName", "name", "delta", "snapshot", "message", "content"} {
		if value, found := fields[name]; found {
			words = append(words, fmt.Sprint(value))
		}
	}
	if in, ok := fields["input"].(map[string]any); ok {
		for _, message := range in["messages"].([]any) {
			words = append(words, fmt.Sprint("+", message.(map[string]any)["content"]))
		}
	}
	return strings.Join(words, " ")
}

func want(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// log is what was logged.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

var _ io.Writer = (*log)(nil)

func (l *log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *log) wants(t testing.TB, text string) {
	t.Helper()
	if !strings.Contains(l.String(), text) {
		t.Fatalf("the log doesn't say %q:\n%s", text, l)
	}
}
