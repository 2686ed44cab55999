package core_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

func TestHoweverARunEndsItIsCountedAndItsPlaceIsFree(t *testing.T) {
	for name, test := range map[string]struct {
		// outcome is what the run's line in the log says, level its level.
		outcome, level string
		end            func(context.Context, *agui.RunAgentInput, func(agui.Event, error) bool)
		during         func(handler *core.Runtime, leave context.CancelFunc)
		config         core.Config
	}{
		"completed":                {outcome: "completed", level: "INFO", end: finishes},
		"without a terminal event": {outcome: "incomplete", level: "WARN", end: func(context.Context, *agui.RunAgentInput, func(agui.Event, error) bool) {}},
		"failed": {outcome: "agent failed", level: "ERROR", end: func(_ context.Context, _ *agui.RunAgentInput, yield func(agui.Event, error) bool) {
			yield(nil, errors.New("no"))
		}},
		"panicked":        {outcome: "agent panicked", level: "ERROR", end: func(context.Context, *agui.RunAgentInput, func(agui.Event, error) bool) { panic("no") }},
		"goroutine ended": {outcome: "agent failed", level: "ERROR", end: func(context.Context, *agui.RunAgentInput, func(agui.Event, error) bool) { runtime.Goexit() }},
		"stopped": {outcome: "stopped", level: "INFO", end: waits, during: func(handler *core.Runtime, _ context.CancelFunc) {
			of("ann", request{method: "POST", path: "/agent/default/stop/t1"}).to(handler)
		}},
		"client gone":      {outcome: "client gone", level: "INFO", end: waits, during: func(_ *core.Runtime, leave context.CancelFunc) { leave() }, config: core.Config{CancelOnDisconnect: true}},
		"over its time":    {outcome: "deadline near", level: "WARN", end: waits, config: core.Config{RunTimeout: time.Minute}},
		"too large":        {outcome: "too large", level: "WARN", end: finishes, config: core.Config{MaxRunEvents: 1}},
		"ignoring its end": {outcome: "deadline near", level: "WARN", end: func(context.Context, *agui.RunAgentInput, func(agui.Event, error) bool) { time.Sleep(time.Hour) }, config: core.Config{RunTimeout: time.Minute}},
		"thread deleted": {outcome: "lease lost", level: "WARN", end: waits, during: func(handler *core.Runtime, _ context.CancelFunc) {
			of("ann", request{method: "DELETE", path: "/threads/t1"}).to(handler)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				threads := memory.New(memory.Limits{})
				test.config.Agents, test.config.Store, test.config.Identify = agents(using(4, 6, test.end)), threads, byHeader
				test.config.Limits = core.Limits{ConcurrentRuns: 1}
				var log bytes.Buffer
				test.config.Logger = slog.New(slog.NewTextHandler(&log, nil))
				handler := newRuntime(t, test.config)
				ctx, leave := context.WithCancel(t.Context())
				var run sync.WaitGroup
				run.Go(func() { of("ann", runOn("t1")).serve(ctx, handler) })
				synctest.Wait()
				if test.during != nil {
					test.during(handler, leave)
				}
				run.Wait()
				leave()
				if runs, tokens := usageOf(t, threads, "ann"); runs != 1 || tokens != (store.Tokens{Input: 4, Output: 6}) {
					t.Errorf("%d runs and %+v are counted", runs, tokens)
				}
				lines := regexp.MustCompile(`level=(\w+) msg="run ended" .*kind=run user=ann outcome="?([^"]*?)"? inputTokens=4 outputTokens=6 `).FindAllStringSubmatch(log.String(), -1)
				if len(lines) != 1 || lines[0][1] != test.level || lines[0][2] != test.outcome {
					t.Errorf("the log has %q of the run, want %s %s:\n%s", lines, test.level, test.outcome, &log)
				}
				place := store.Ticket{User: "user:ann", ID: "next", TTL: time.Minute}
				if err := threads.Admit(t.Context(), place, store.Limits{ConcurrentRuns: 1}); err != nil {
					t.Errorf("the place isn't free: %v", err)
				}
				if name == "ignoring its end" {
					time.Sleep(2 * time.Hour)
				}
			})
		})
	}
}

func TestARunKeepsItsPlaceAndIsCountedWhileItGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		threads := memory.New(memory.Limits{})
		handler := newRuntime(t, core.Config{
			Agents: agents(using(4, 6, waits)), Store: threads, Identify: byHeader, Limits: core.Limits{ConcurrentRuns: 1},
		})
		for _, path := range []string{"/agent/default/run", "/agent/default/suggest"} {
			ctx, leave := context.WithCancel(t.Context())
			var run sync.WaitGroup
			next := runOn("t1")
			next.path = path
			run.Go(func() { of(path, next).serve(ctx, handler) })
			for range 100 {
				time.Sleep(time.Minute)
				if got := of(path, runOn("t2")).to(handler); got.Code != 429 {
					t.Fatalf("a second run is answered %d", got.Code)
				}
			}
			if runs, tokens := usageOf(t, threads, path); runs != 1 || tokens != (store.Tokens{Input: 4, Output: 6}) {
				t.Errorf("while it goes on %d runs and %+v are counted", runs, tokens)
			}
			leave()
			of(path, request{method: "POST", path: "/agent/default/stop/t1"}).to(handler)
			run.Wait()
			if runs, tokens := usageOf(t, threads, path); runs != 1 || tokens != (store.Tokens{Input: 4, Output: 6}) {
				t.Errorf("after its end %d runs and %+v are counted", runs, tokens)
			}
		}
	})
}

func TestTokensThatNobodyReportsAreTakenFromTheEndOrEstimated(t *testing.T) {
	says := func(events ...agui.Event) agent.Func {
		return func(_ context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(yield func(agui.Event, error) bool) {
				for _, event := range events {
					if finished, ok := event.(agui.RunFinishedEvent); ok {
						finished.ThreadID, finished.RunID = in.ThreadID, in.RunID
						event = finished
					}
					if !yield(event, nil) {
						return
					}
				}
			}
		}
	}
	n := func(n int64) *int64 { return &n }
	text := []agui.Event{
		agui.TextMessageStartEvent{MessageID: "m", Role: agui.RoleAssistant},
		agui.TextMessageContentEvent{MessageID: "m", Delta: strings.Repeat("x", 40)},
		agui.TextMessageEndEvent{MessageID: "m"},
	}
	question := strings.Replace(input, `"messages":[]`, `"messages":[{"id":"u","role":"user","content":"`+strings.Repeat("y", 80)+`"}]`, 1)
	for name, test := range map[string]struct {
		agent agent.Func
		want  store.Tokens
	}{
		"the end has them": {says(append(text, agui.RunFinishedEvent{Usage: []agui.TokenUsage{
			{InputTokens: n(100), OutputTokens: n(7)}, {InputTokens: n(1), TotalTokens: n(3)}, {TotalTokens: n(5)},
		}})...), store.Tokens{Input: 106, Output: 9}},
		"an error has them": {says(agui.RunErrorEvent{Message: "no", Usage: []agui.TokenUsage{{OutputTokens: n(7)}}}), store.Tokens{Output: 7}},
		"nobody has them":   {says(append(text, agui.RunFinishedEvent{})...), store.Tokens{Input: 20, Output: 10, Estimated: 30}},
		"the end has none":  {says(append(text, agui.RunFinishedEvent{Usage: []agui.TokenUsage{{Model: "m"}}})...), store.Tokens{Input: 20, Output: 10, Estimated: 30}},
		"it breaks off":     {says(text...), store.Tokens{Input: 20, Output: 10, Estimated: 30}},
		"they are absurd":   {says(agui.RunFinishedEvent{Usage: []agui.TokenUsage{{InputTokens: n(1 << 52)}, {InputTokens: n(1 << 52)}}}), store.Tokens{Input: 2e12}},
		"they are reported too": {using(1, 2, func(ctx context.Context, in *agui.RunAgentInput, yield func(agui.Event, error) bool) {
			yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID, Usage: []agui.TokenUsage{{InputTokens: n(1), OutputTokens: n(2)}}}, nil)
		}), store.Tokens{Input: 1, Output: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			threads := memory.New(memory.Limits{})
			handler := newRuntime(t, core.Config{Agents: agents(test.agent), Store: threads, Identify: byHeader, Limits: core.Limits{RunsPerMinute: 9}})
			for _, path := range []string{"/agent/default/run", "/agent/default/suggest"} {
				of(path, request{method: "POST", path: path, body: question}).to(handler)
				if runs, tokens := usageOf(t, threads, path); runs != 1 || tokens != test.want {
					t.Errorf("%s: %d runs and %+v are counted, want %+v", path, runs, tokens, test.want)
				}
			}
		})
	}
}

func TestAThreadsNameIsCountedWithItsRun(t *testing.T) {
	threads := memory.New(memory.Limits{})
	named := using(10, 1, func(_ context.Context, in *agui.RunAgentInput, yield func(agui.Event, error) bool) {
		yield(agui.TextMessageChunkEvent{MessageID: "m", Role: agui.RoleAssistant, Delta: "A name", HasDelta: true}, nil)
	})
	handler := newRuntime(t, core.Config{
		Agents: agents(named), Store: threads, Identify: byHeader, NameThreads: true, Limits: core.Limits{RunsPerMinute: 1, ConcurrentRuns: 1},
	})
	of("ann", request{method: "POST", path: "/agent/default/run", body: asking}).to(handler)
	if runs, tokens := usageOf(t, threads, "ann"); runs != 1 || tokens != (store.Tokens{Input: 20, Output: 2}) {
		t.Errorf("%d runs and %+v are counted", runs, tokens)
	}
}

func TestTranscriptionsAreCounted(t *testing.T) {
	threads := memory.New(memory.Limits{})
	handler := newRuntime(t, core.Config{Transcriber: dictation, Store: threads, Identify: byHeader, Limits: core.Limits{RunsPerMinute: 1}})
	recording := request{method: "POST", path: "/transcribe", body: upload(`name="audio"; filename="a.webm"`, "audio/webm", strings.Repeat("a", 4000)), contentType: multipartType}
	if got := of("ann", recording).to(handler); got.Code != 200 {
		t.Fatalf("got %d %s", got.Code, got.Body)
	}
	if runs, tokens := usageOf(t, threads, "ann"); runs != 1 || tokens.Input != 10 || tokens.Output < 1000 || tokens.Estimated != tokens.Input+tokens.Output {
		t.Errorf("%d runs and %+v are counted", runs, tokens)
	}
	got := of("ann", recording).to(handler)
	var body struct {
		Error, Code, Message string
		Retryable            bool
	}
	if err := json.Unmarshal(got.Body.Bytes(), &body); err != nil || got.Code != 429 || body.Error != "rate_limited" ||
		body.Code != "limit_runs_per_minute" || !body.Retryable || body.Message == "" || got.Header().Get("Retry-After") == "" {
		t.Errorf("got %d %s, %v", got.Code, got.Body, err)
	}
}
