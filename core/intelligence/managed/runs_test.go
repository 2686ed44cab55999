package managed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/intelligence/managed"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// project is a platform for tests and a client of it.
type project struct {
	*intelligencetest.Platform
	t      testing.TB
	client *managed.Platform
	log    logged
	dialer *http.Transport
}

// logged is what was logged.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// inBubble runs a test on a clock that jumps, with a platform on a network in memory.
func inBubble(t *testing.T, test func(t *testing.T, p *project)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var network intelligencetest.Network
		p := &project{t: t, Platform: intelligencetest.NewWith(t, intelligencetest.Options{Listen: network.Listen})}
		p.dialer = &http.Transport{DialContext: network.Dial}
		t.Cleanup(func() {
			p.dialer.CloseIdleConnections()
			if strings.Contains(p.log.text.String(), p.Key) {
				t.Error("the key was logged")
			}
		})
		p.client = p.newClient(nil)
		test(t, p)
	})
}

// newClient returns another client of the platform, as another instance has it.
func (p *project) newClient(change func(*managed.Options)) *managed.Platform {
	p.t.Helper()
	options := managed.Options{
		APIKey: p.Key, APIURL: p.URL, WSURL: p.GatewayURL,
		Logger: p.logger(),
	}
	if p.dialer != nil {
		options.HTTPClient = &http.Client{Transport: p.dialer}
	}
	if change != nil {
		change(&options)
	}
	client, err := managed.New(options)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { client.Close() })
	return client
}

func (p *project) logger() *slog.Logger { return slog.New(slog.NewTextHandler(&p.log, nil)) }

func request(threadID, runID string) intelligence.BeginRequest {
	return intelligence.BeginRequest{BeginRequest: store.BeginRequest{
		Key: store.Key{Owner: "ada", ID: threadID}, AgentID: "default", RunID: runID,
	}}
}

// begin begins a run that is to work.
func (p *project) begin(threadID, runID string) intelligence.Run {
	p.t.Helper()
	run, err := p.client.Begin(p.t.Context(), request(threadID, runID))
	if err != nil {
		p.t.Fatalf("begin: %v", err)
	}
	p.t.Cleanup(func() { run.Finish(context.Background(), nil) })
	return run
}

var started = agui.RunStartedEvent{ThreadID: "thread", RunID: "run", Input: &agui.RunAgentInput{ThreadID: "thread", RunID: "run"}}

// story returns the events of a run with some deltas.
func story(deltas int) []store.Record {
	events := []agui.Event{started, agui.TextMessageStartEvent{MessageID: "m", Role: "assistant"}}
	for i := range deltas {
		events = append(events, agui.TextMessageContentEvent{MessageID: "m", Delta: fmt.Sprintf("word %d ", i)})
	}
	return records(append(events, agui.TextMessageEndEvent{MessageID: "m"}, agui.RunFinishedEvent{ThreadID: "t", RunID: "r"})...)
}

func records(events ...agui.Event) []store.Record {
	out := make([]store.Record, len(events))
	for i, event := range events {
		encoded, err := agui.Encode(event)
		if err != nil {
			panic(err)
		}
		out[i] = store.Record{Seq: int64(i + 1), Event: encoded}
	}
	return out
}

// tell appends events one by one at a pace, as the runner does.
func tell(t testing.TB, run intelligence.Run, records []store.Record, pace time.Duration) {
	t.Helper()
	for i := range records {
		if room := run.Room(); room != nil {
			<-room
		}
		if err := run.Append(t.Context(), records[i:i+1]); err != nil {
			t.Fatalf("append: %v", err)
		}
		if pace > 0 {
			time.Sleep(pace)
		}
	}
}

// arrived checks that a run's events are those that were told, and no others.
func (p *project) arrived(runID string, told []store.Record) {
	p.t.Helper()
	events := p.RunEvents(runID)
	if len(events) != len(told) {
		p.t.Errorf("%d events have arrived, want %d", len(events), len(told))
	}
	for i := range min(len(events), len(told)) {
		var got, want map[string]any
		if err := json.Unmarshal(events[i].JSON, &got); err != nil {
			p.t.Fatal(err)
		}
		if err := json.Unmarshal(told[i].Event.JSON(), &want); err != nil {
			p.t.Fatal(err)
		}
		if got["type"] != want["type"] || got["delta"] != want["delta"] {
			p.t.Errorf("event %d is %s, want %s", i, events[i].JSON, told[i].Event.JSON())
		}
	}
}

// unlocked checks that a thread has no lock, and how often one was released.
func (p *project) unlocked(threadID string, released int) {
	p.t.Helper()
	if holder := p.Lock(threadID); holder != "" {
		p.t.Errorf("thread is still locked by %s", holder)
	}
	if got := len(p.Requests("DELETE /api/threads/{id}/lock")); got != released {
		p.t.Errorf("locks were released %d times, want %d", got, released)
	}
}

func awaitStop(run intelligence.Run) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	return run.AwaitStop(ctx)
}
