package core_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
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

// Threads are kept: who could make any number would fill the store.
func TestThreadsThatAreMadeWithoutARunCountToo(t *testing.T) {
	create := func(id string) request {
		return request{method: "POST", path: "/threads", body: `{"agentId":"default","id":"` + id + `"}`}
	}
	for name, test := range map[string]struct {
		limits core.Limits
		second int
	}{
		"within a minute":            {core.Limits{RunsPerMinute: 2}, 429},
		"not beside runs":            {core.Limits{ConcurrentRuns: 1}, 201},
		"not against a day's tokens": {core.Limits{TokensPerDay: 1}, 201},
	} {
		synctest.Test(t, func(t *testing.T) {
			handler := newRuntime(t, core.Config{Agents: agents(using(1, 1, waits)), Identify: byHeader, Limits: test.limits})
			ctx, leave := context.WithCancel(t.Context())
			var run sync.WaitGroup
			run.Go(func() { of("ann", runOn("t0")).serve(ctx, handler) })
			synctest.Wait()
			for id, want := range []int{201, test.second} {
				if got := of("ann", create(fmt.Sprint("t", id+1))).to(handler); got.Code != want {
					t.Errorf("%s: thread %d: got %d %s, want %d", name, id+1, got.Code, got.Body, want)
				}
			}
			if got := of("bob", create("t1")).to(handler); got.Code != 201 {
				t.Errorf("%s: another user's: got %d %s", name, got.Code, got.Body)
			}
			leave()
			if err := handler.Close(); err != nil {
				t.Error(err)
			}
			run.Wait()
		})
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
