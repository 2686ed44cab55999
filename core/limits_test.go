package core_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// byHeader identifies users by the header User, and those whose name begins with "?"
// as anonymous, with "!" as admins.
func byHeader(r *http.Request) (access.User, error) {
	id := r.Header.Get("User")
	return access.User{ID: id, Anonymous: strings.HasPrefix(id, "?"), Admin: strings.HasPrefix(id, "!")}, nil
}

func of(user string, r request) request {
	r.header = http.Header{"User": {user}}
	return r
}

func runOn(thread string) request {
	return request{method: "POST", path: "/agent/default/run", body: strings.Replace(input, `"t1"`, `"`+thread+`"`, 1)}
}

// using is an agent that reports what it uses, and then ends as end says.
func using(in, out int64, end func(ctx context.Context, in *agui.RunAgentInput, yield func(agui.Event, error) bool)) agent.Func {
	return func(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			agent.ReportUsage(ctx, agent.Usage{TokenUsage: agui.TokenUsage{InputTokens: &in, OutputTokens: &out}})
			end(ctx, input, yield)
		}
	}
}

func finishes(_ context.Context, in *agui.RunAgentInput, yield func(agui.Event, error) bool) {
	yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID}, nil)
}

func waits(ctx context.Context, _ *agui.RunAgentInput, _ func(agui.Event, error) bool) { <-ctx.Done() }

// usageOf returns what a user has spent on all days.
func usageOf(t *testing.T, m store.Meter, user string) (runs int64, tokens store.Tokens) {
	t.Helper()
	page, err := m.Usage(context.Background(), store.UsageQuery{User: "user:" + user})
	if err != nil {
		t.Fatal(err)
	}
	for _, usage := range page.Usage {
		runs, tokens = runs+usage.Runs, tokens.Plus(usage.Tokens)
	}
	return runs, tokens
}

func TestARunOverALimitIsRefused(t *testing.T) {
	for _, single := range []bool{false, true} {
		for name, test := range map[string]struct {
			limits  core.Limits
			message string
		}{
			"runs_per_minute": {core.Limits{RunsPerMinute: 1}, "Too many requests within a minute. Please try again in 60 seconds."},
			"tokens_per_day":  {core.Limits{TokensPerDay: 10}, "The limit for today is reached. Please try again in 24 hours."},
			"concurrent_runs": {core.Limits{ConcurrentRuns: 1}, "Too many answers are being written at the same time. Please wait until one has ended."},
		} {
			t.Run(fmt.Sprint(name, ", single route ", single), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					end := finishes
					if test.limits.ConcurrentRuns > 0 {
						end = waits
					}
					handler := newRuntime(t, core.Config{Agents: agents(using(4, 6, end)), Limits: test.limits, Identify: byHeader, SingleRoute: single})
					envelope := func(r request, method string) request {
						if single {
							r.path, r.body = "/", `{"method":"`+method+`","params":{"agentId":"default"},"body":`+r.body+`}`
						}
						return r
					}
					ctx, leave := context.WithCancel(t.Context())
					var first sync.WaitGroup
					first.Go(func() { of("ann", envelope(runOn("t1"), "agent/run")).serve(ctx, handler) })
					synctest.Wait()
					for path, method := range map[string]string{"/agent/default/run": "agent/run", "/agent/default/suggest": "agent/suggest"} {
						next := runOn("t2")
						next.path = path
						got := of("ann", envelope(next, method)).to(handler)
						want := `{"error":"Too many requests","code":"limit_` + name + `","message":"` + test.message + `"}`
						seconds := map[string]string{"runs_per_minute": "60", "tokens_per_day": "86400", "concurrent_runs": "5"}[name]
						if got.Code != 429 || got.Body.String() != want || got.Header().Get("Retry-After") != seconds {
							t.Errorf("%s: got %d %s, Retry-After %s", path, got.Code, got.Body, got.Header().Get("Retry-After"))
						}
					}
					// Another user isn't touched, nor is anything but runs.
					ctxBob, leaveBob := context.WithTimeout(ctx, time.Second)
					if got := of("bob", envelope(runOn("t1"), "agent/run")).serve(ctxBob, handler); got.Code != 200 {
						t.Errorf("another user's run: got %d %s", got.Code, got.Body)
					}
					leaveBob()
					if !single {
						connect := runOn("t1")
						connect.path = "/agent/default/connect"
						ctxConnect, leaveConnect := context.WithTimeout(ctx, time.Second)
						if got := of("ann", connect).serve(ctxConnect, handler); got.Code != 200 {
							t.Errorf("connect: got %d", got.Code)
						}
						leaveConnect()
						threads := of("ann", request{method: "GET", path: "/threads"}).to(handler).Body.String()
						if strings.Count(threads, `"id"`) != 1 {
							t.Errorf("what was refused left a trace: %s", threads)
						}
					}
					leave()
					if err := handler.Close(); err != nil {
						t.Error(err)
					}
					first.Wait()
				})
			})
		}
	}
}

func TestAPlaceIsFreeWhenTheClientKnowsOfTheEnd(t *testing.T) {
	handler := newRuntime(t, core.Config{Limits: core.Limits{ConcurrentRuns: 1}, Identify: byHeader})
	server := httptest.NewServer(handler)
	defer server.Close()
	for n := range 100 {
		r := runOn(fmt.Sprint(n)).build()
		next, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/agent/default/"+[]string{"run", "suggest"}[n%2], r.Body)
		if err != nil {
			t.Fatal(err)
		}
		next.Header.Set("Content-Type", "application/json")
		next.Header.Set("User", "ann")
		response, err := http.DefaultClient.Do(next)
		if err != nil {
			t.Fatal(err)
		}
		var stream bytes.Buffer
		part := make([]byte, 4096)
		for !strings.Contains(stream.String(), "RUN_FINISHED") && err == nil {
			var read int
			read, err = response.Body.Read(part)
			stream.Write(part[:read])
		}
		if response.StatusCode != 200 || !strings.Contains(stream.String(), "RUN_FINISHED") {
			t.Fatalf("run %d, which began at the end of the one before: %d %s", n, response.StatusCode, &stream)
		}
		// The stream may still be open.
		defer response.Body.Close()
	}
}

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

func TestWhoIsNobodyIsLimitedByAddress(t *testing.T) {
	handler := newRuntime(t, core.Config{Identify: byHeader, Limits: core.Limits{RunsPerMinute: 1}})
	for _, test := range []struct {
		user, address string
		status        int
	}{
		{"", "192.0.2.1:1000", 200},
		{"", "192.0.2.1:2000", 429},
		{"?new", "192.0.2.1:3000", 429}, // anybody can be a new user
		{"", "[::ffff:192.0.2.1]:1", 429},
		{"", "192.0.2.2:1000", 200},
		{"", "[2001:db8:1:2:3:4:5:6]:1", 200},
		{"?other", "[2001:db8:1:2:ffff::1]:1", 429},
		{"", "[2001:db8:1:3::1]:1", 200},
		{"", "[fe80::1%eth0]:1", 200},
		{"", "[fe80::1%eth1]:1", 429},
		{"ann", "192.0.2.1:1000", 200},
		{"address:192.0.2.9", "192.0.2.1:1000", 200},
		{"", "192.0.2.9:1000", 200},
		{"192.0.2.10", "192.0.2.1:1000", 200},
		{"", "192.0.2.10:1000", 200},
		{"", "@", 200},
		{"", "", 200},
	} {
		r := of(test.user, runOn(test.user+test.address)).build()
		r.RemoteAddr = test.address
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%q at %s: got %d %s", test.user, test.address, w.Code, w.Body)
		}
	}
}

// awayMeter is a store whose meter can be away.
type awayMeter struct {
	*memory.Store
	mu   sync.Mutex
	away bool
}

func (m *awayMeter) err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return fmt.Errorf("%w: away", store.ErrUnavailable)
	}
	return nil
}

func (m *awayMeter) set(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

func (m *awayMeter) Admit(ctx context.Context, ticket store.Ticket, limits store.Limits) error {
	if err := m.err(); err != nil {
		return err
	}
	return m.Store.Admit(ctx, ticket, limits)
}

func (m *awayMeter) Renew(ctx context.Context, ticket store.Ticket, spent store.Tokens) error {
	if err := m.err(); err != nil {
		return err
	}
	return m.Store.Renew(ctx, ticket, spent)
}

func (m *awayMeter) Release(ctx context.Context, ticket store.Ticket, spent store.Tokens) error {
	if err := m.err(); err != nil {
		return err
	}
	return m.Store.Release(ctx, ticket, spent)
}

func TestWhileTheStoreCannotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, allow := range []bool{false, true} {
			away := &awayMeter{Store: memory.New(memory.Limits{}), away: true}
			var log bytes.Buffer
			handler := newRuntime(t, core.Config{
				Agents: agents(using(1, 2, finishes)), Store: away, Identify: byHeader,
				Limits: core.Limits{RunsPerMinute: 5, AllowUncounted: allow}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			})
			got := of("ann", runOn("t1")).to(handler)
			if allow && got.Code != 200 || !allow && (got.Code != 503 || got.Header().Get("Retry-After") == "" || !strings.Contains(got.Body.String(), `"store_unavailable"`)) {
				t.Errorf("allow %v: got %d %s", allow, got.Code, got.Body)
			}
			if !strings.Contains(log.String(), "the store can't be reached") {
				t.Errorf("allow %v: the log says nothing: %s", allow, &log)
			}
			away.set(false)
			of("ann", runOn("t2")).to(handler)
			if runs, tokens := usageOf(t, away, "ann"); runs != 1 || tokens != (store.Tokens{Input: 1, Output: 2}) {
				t.Errorf("allow %v: when the store is back %d runs and %+v are counted", allow, runs, tokens)
			}
		}
	})
}

func TestARunIsCountedWhenTheStoreComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := &awayMeter{Store: memory.New(memory.Limits{}), away: true}
		handler := newRuntime(t, core.Config{
			Agents: agents(using(1, 2, waits)), Store: away, Identify: byHeader, Limits: core.Limits{ConcurrentRuns: 1, AllowUncounted: true},
		})
		var run sync.WaitGroup
		run.Go(func() { of("ann", runOn("t1")).to(handler) })
		time.Sleep(time.Minute)
		away.set(false)
		time.Sleep(time.Minute)
		if runs, tokens := usageOf(t, away, "ann"); runs != 1 || tokens != (store.Tokens{Input: 1, Output: 2}) {
			t.Errorf("%d runs and %+v are counted", runs, tokens)
		}
		if got := of("ann", runOn("t2")).to(handler); got.Code != 429 {
			t.Errorf("a second run is answered %d", got.Code)
		}
		// Away at its end, but not for long.
		away.set(true)
		time.AfterFunc(3*time.Second, func() { away.set(false) })
		of("ann", request{method: "POST", path: "/agent/default/stop/t1"}).to(handler)
		run.Wait()
		if got := of("ann", request{method: "POST", path: "/agent/default/stop/t1"}).to(handler); got.Code != 200 {
			t.Errorf("stop is answered %d", got.Code)
		}
		place := store.Ticket{User: "user:ann", ID: "next", TTL: time.Minute}
		if err := away.Admit(t.Context(), place, store.Limits{ConcurrentRuns: 1}); err != nil {
			t.Errorf("the place isn't free: %v", err)
		}
	})
}

func TestLimitsThatCannotHoldAreAnError(t *testing.T) {
	for want, config := range map[string]core.Config{
		"is no store.Meter": {Limits: core.Limits{TokensPerDay: 1}, Store: newStore()},
		"negative limits":   {Limits: core.Limits{ConcurrentRuns: -1}},
	} {
		config.Agents = agents(greeter)
		if _, err := core.New(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	newRuntime(t, core.Config{Store: newStore()}) // without limits any store will do
}

func TestUsageIsListedToWhoMaySeeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at midnight of 2000-01-01
		for _, single := range []bool{false, true} {
			handler := newRuntime(t, core.Config{
				Agents: agents(using(1, 2, finishes)), Identify: byHeader, Limits: core.Limits{RunsPerMinute: 100}, SingleRoute: single,
			})
			run := func(user string) {
				r := runOn(user)
				if single {
					r.path, r.body = "/", `{"method":"agent/run","params":{"agentId":"default"},"body":`+r.body+`}`
				}
				of(user, r).to(handler)
			}
			begun := time.Now().UTC()
			run("ann")
			run("bob")
			run("?nobody")
			time.Sleep(24 * time.Hour)
			run("ann")
			day := func(n int) string { return begun.AddDate(0, 0, n).Format(time.DateOnly) }
			entry := func(user string, n int) string {
				return `{"user":"` + user + `","day":"` + day(n) + `","runs":1,"inputTokens":1,"outputTokens":2,"estimatedTokens":0}`
			}
			page := func(entries ...string) string {
				return `{"usage":[` + strings.Join(entries, ",") + `],"nextCursor":null}`
			}
			for _, test := range []struct {
				user   string
				params map[string]string
				status int
				body   string
			}{
				{"ann", nil, 200, page(entry("ann", 0), entry("ann", 1))},
				{"ann", map[string]string{"user": "ann", "to": day(0)}, 200, page(entry("ann", 0))},
				{"ann", map[string]string{"from": day(1)}, 200, page(entry("ann", 1))},
				{"ann", map[string]string{"user": "bob"}, 403, `{"error":"Forbidden","code":"forbidden"}`},
				{"ann", map[string]string{"user": "all"}, 403, `{"error":"Forbidden","code":"forbidden"}`},
				{"new", nil, 200, page()},
				{"", nil, 404, `{"error":"Not found"}`},
				{"", map[string]string{"user": "all"}, 403, `{"error":"Forbidden","code":"forbidden"}`},
				{"?nobody", nil, 404, `{"error":"Not found"}`},
				{"?nobody", map[string]string{"user": "?nobody"}, 403, `{"error":"Forbidden","code":"forbidden"}`},
				{"!boss", nil, 200, page()},
				{"!boss", map[string]string{"user": "bob"}, 200, page(entry("bob", 0))},
				{"!boss", map[string]string{"user": "all"}, 200, page(entry("ann", 0), entry("bob", 0), entry("ann", 1))},
				{"!boss", map[string]string{"user": "all", "from": "yesterday"}, 400, `{"error":"Valid from query param is required, such as 2026-01-31"}`},
				{"!boss", map[string]string{"user": "all", "limit": "0"}, 400, `{"error":"Valid limit query param is required"}`},
				{"!boss", map[string]string{"user": "all", "cursor": "!"}, 400, `{"error":"Valid cursor query param is required"}`},
			} {
				query := make([]string, 0, len(test.params))
				for name, value := range test.params {
					query = append(query, name+"="+value)
				}
				r := request{method: "GET", path: "/usage?" + strings.Join(query, "&")}
				if single {
					params, err := json.Marshal(test.params)
					if err != nil {
						t.Fatal(err)
					}
					r = request{method: "POST", path: "/", body: `{"method":"usage","params":` + string(params) + `}`}
				}
				if got := of(test.user, r).to(handler); got.Code != test.status || got.Body.String() != test.body {
					t.Errorf("single route %v, %q %v: got %d %s", single, test.user, test.params, got.Code, got.Body)
				}
			}
			if single {
				continue
			}
			var first, second struct {
				Usage      []struct{ User string }
				NextCursor string
			}
			got := of("!boss", request{method: "GET", path: "/usage?user=all&limit=2"}).to(handler)
			if err := json.Unmarshal(got.Body.Bytes(), &first); err != nil || len(first.Usage) != 2 || first.NextCursor == "" {
				t.Fatalf("the first page: %s, %v", got.Body, err)
			}
			got = of("!boss", request{method: "GET", path: "/usage?user=all&limit=2&cursor=" + first.NextCursor}).to(handler)
			if err := json.Unmarshal(got.Body.Bytes(), &second); err == nil || len(second.Usage) != 1 { // null
				t.Logf("the second page: %s", got.Body)
			}
			if len(second.Usage) != 1 || second.Usage[0].User != "ann" {
				t.Errorf("the second page: %s", got.Body)
			}
		}
	})
}

func TestWithoutLimitsThereIsNoUsage(t *testing.T) {
	handler := newRuntime(t, core.Config{Identify: byHeader})
	checkAnswer(t, handler, of("!boss", request{method: "GET", path: "/usage"}), answer{404, `{"error":"Not found"}`, nil})
	checkAnswer(t, handler, of("!boss", request{method: "POST", path: "/usage"}), answer{404, `{"error":"Not found"}`, nil})
	single := newRuntime(t, core.Config{SingleRoute: true})
	checkAnswer(t, single, request{method: "POST", path: "/", body: `{"method":"usage"}`},
		answer{400, `{"error":"invalid_request","message":"Unsupported method 'usage'"}`, nil})
}

func TestEachRunHasOneLineInTheLog(t *testing.T) {
	var log bytes.Buffer
	handler := newRuntime(t, core.Config{
		Agents: agents(using(4, 6, finishes)), Identify: byHeader, Logger: slog.New(slog.NewJSONHandler(&log, nil)),
	})
	of("ann", runOn("t1")).to(handler)
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatalf("%v in %s", err, &log)
	}
	for name, want := range map[string]any{
		"level": "INFO", "msg": "run ended", "kind": "run", "agent": "default", "thread": "t1", "run": "r1", "user": "ann",
		"outcome": "completed", "inputTokens": 4.0, "outputTokens": 6.0,
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	if _, ok := line["duration"].(float64); !ok {
		t.Errorf("the duration is %v", line["duration"])
	}
}
