package bundle_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// probed is a store whose calls for a thread are counted, and answered as answer does.
type probed struct {
	store.Store
	calls  atomic.Int32
	answer func(context.Context) error
}

func (p *probed) Thread(ctx context.Context, key store.Key) (store.Thread, error) {
	p.calls.Add(1)
	if p.answer != nil {
		if err := p.answer(ctx); err != nil {
			return store.Thread{}, err
		}
	}
	return p.Store.Thread(ctx, key)
}

// probe returns the probes of a Lazy that the environment and the store describe.
func probe(t *testing.T, p *probed, log *strings.Builder, entries ...string) (*bundle.Health, *bundle.Lazy, http.Handler) {
	t.Helper()
	p.Store = memory.New(memory.Limits{})
	logger := slog.New(slog.NewTextHandler(log, nil))
	lazy := bundle.NewLazy(env(append(entries, "COPILOTKIT_STORE=probed://x")...), bundle.WithLogger(logger),
		bundle.WithStore("probed", func(context.Context, string) (store.Store, error) { return p, nil }))
	health := bundle.NewHealth(lazy.Ready, logger)
	return health, lazy, health.Around(lazy)
}

func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestWhatProbesAreTold(t *testing.T) {
	const demo = "COPILOTKIT_MODEL=demo"
	for _, test := range []struct {
		name, path string
		env        []string
		store      func(context.Context) error
		status     int
		body       string
	}{
		{"alive", "/healthz", []string{demo}, hangs, 200, `{"status":"ok"}`},
		{"alive though it can't be built", "/healthz", []string{"COPILOTKIT_TYPO=x"}, nil, 200, `{"status":"ok"}`},
		{"ready", "/readyz", []string{demo}, nil, 200, `{"status":"ready","runtime":"ok","model":"ok","store":"ok"}`},
		{"not ready without a key", "/readyz", nil, nil, 503, `{"status":"not ready","runtime":"failed","model":"missing","store":"unknown"}`},
		{"not ready with a wrong variable", "/readyz", []string{demo, "COPILOTKIT_TYPO=x"}, nil, 503, `{"status":"not ready","runtime":"failed","model":"unknown","store":"unknown"}`},
		{"not ready with a store that fails", "/readyz", []string{demo}, func(context.Context) error { return errors.New("dial 10.0.0.1: secret") }, 503, `{"status":"not ready","runtime":"ok","model":"ok","store":"unavailable"}`},
		{"not ready with a store that panics", "/readyz", []string{demo}, func(context.Context) error { panic("secret") }, 503, `{"status":"not ready","runtime":"ok","model":"ok","store":"unavailable"}`},
		{"not ready with a store that hangs", "/readyz", []string{demo}, hangs, 503, `{"status":"not ready","runtime":"ok","model":"ok","store":"unavailable"}`},
		{"ready at a root of its own", "/readyz", []string{demo, "COPILOTKIT_BASE_PATH=/"}, nil, 200, `{"status":"ready","runtime":"ok","model":"ok","store":"ok"}`},
		{"ready whoever may call", "/readyz", []string{demo, "COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:a-token-of-at-least-32-characters"}, nil, 200, `{"status":"ready","runtime":"ok","model":"ok","store":"ok"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				_, _, handler := probe(t, &probed{answer: test.store}, &log, test.env...)
				begun := time.Now()
				got := get(handler, test.path, nil)
				if got.Code != test.status || got.Body.String() != test.body {
					t.Errorf("got %d %s\nwant %d %s\n%s", got.Code, got.Body, test.status, test.body, &log)
				}
				if took := time.Since(begun); took >= time.Second {
					t.Errorf("it took %v", took)
				}
				if warned := strings.Contains(log.String(), `msg="not ready"`); warned != (test.status == 503) {
					t.Errorf("the log:\n%s", &log)
				}
			})
		})
	}
}

func TestManyProbesAskTheStoreOnceASecond(t *testing.T) {
	for name, test := range map[string]struct {
		probes int
		answer func(context.Context) error
	}{
		"that answers":                 {100, nil},
		"that is slow":                 {100, func(context.Context) error { time.Sleep(500 * time.Millisecond); return nil }},
		"that hangs":                   {10_000, hangs},
		"that hangs and heeds nothing": {100, func(context.Context) error { time.Sleep(4 * time.Second); return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				store := &probed{answer: test.answer}
				_, _, handler := probe(t, store, &log, "COPILOTKIT_MODEL=demo")
				var probes sync.WaitGroup
				var late atomic.Int32
				for range 10 {
					for range test.probes / 10 {
						probes.Go(func() {
							begun := time.Now()
							get(handler, "/readyz", nil)
							if time.Since(begun) > 900*time.Millisecond {
								late.Add(1)
							}
						})
					}
					time.Sleep(200 * time.Millisecond)
				}
				probes.Wait()
				if n := store.calls.Load(); n > 2 {
					t.Errorf("%d probes within two seconds cost %d calls", test.probes, n)
				}
				// Only the one that asks waits for a store that heeds no context.
				if n := late.Load(); n > 1 {
					t.Errorf("%d probes had no answer in time", n)
				}
				if lines := strings.Count(log.String(), "ready"); lines > 3 {
					t.Errorf("the log has\n%s", &log)
				}
			})
		})
	}
}

func TestProbesNoticeAStoreThatGoesAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		var log strings.Builder
		_, _, handler := probe(t, &probed{answer: func(context.Context) error {
			if away.Load() {
				return store.ErrUnavailable
			}
			return nil
		}}, &log, "COPILOTKIT_MODEL=demo")
		for _, want := range []int{200, 503, 503, 200} {
			away.Store(want == 503)
			if got := get(handler, "/readyz", nil).Code; got != want {
				t.Errorf("got %d, want %d", got, want)
			}
			time.Sleep(time.Second)
		}
		if strings.Count(log.String(), `msg="not ready"`) != 1 || strings.Count(log.String(), `msg="ready again"`) != 1 {
			t.Errorf("the log:\n%s", &log)
		}
	})
}

func TestAServerThatEndsIsNotReady(t *testing.T) {
	var log strings.Builder
	health, lazy, handler := probe(t, &probed{}, &log, "COPILOTKIT_MODEL=demo")
	if got := get(handler, "/readyz", nil); got.Code != 200 {
		t.Fatalf("got %d %s", got.Code, got.Body)
	}
	health.Drain()
	if got := get(handler, "/readyz", nil); got.Code != 503 || got.Body.String() != `{"status":"draining"}` {
		t.Errorf("while it drains: %d %s", got.Code, got.Body)
	}
	if got := get(handler, "/healthz", nil); got.Code != 200 {
		t.Errorf("it isn't alive while it drains: %d", got.Code)
	}
	if got := get(handler, info, nil); got.Code != 200 {
		t.Errorf("it doesn't serve while it drains: %d", got.Code)
	}
	if err := lazy.Close(); err != nil {
		t.Fatal(err)
	}
	if err := lazy.Ready(t.Context()); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("once closed it is ready: %v", err)
	}
}

func TestOnlyProbesAreAnsweredAsSuch(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	handler := bundle.NewHealth(func(context.Context) error { return nil }, slog.New(slog.DiscardHandler)).Around(next)
	for _, test := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/healthz", 200}, {"HEAD", "/readyz", 200}, {"GET", "/readyz?verbose", 200},
		{"POST", "/healthz", 418}, {"OPTIONS", "/readyz", 418}, {"GET", "/healthz/", 418}, {"GET", "/api/copilotkit/readyz", 418}, {"GET", "/", 418},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(test.method, test.path, nil))
		if w.Code != test.want {
			t.Errorf("%s %s: got %d, want %d", test.method, test.path, w.Code, test.want)
		}
	}
}
