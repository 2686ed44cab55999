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

// slowStore is a store that is opened in a second, unless ctx ends before.
func slowStore(builds *atomic.Int32) bundle.Option {
	return bundle.WithStore("slow", func(ctx context.Context, _ string) (store.Store, error) {
		builds.Add(1)
		select {
		case <-time.After(time.Second):
			return memory.New(memory.Limits{}), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
}

const info = "/api/copilotkit/info"

func TestLazyBuildsOnceForConcurrentFirstRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var builds atomic.Int32
		lazy := bundle.NewLazy(env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=slow://x"), slowStore(&builds))
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				if got := get(lazy, info, nil); got.Code != http.StatusOK {
					t.Errorf("got %d %s", got.Code, got.Body)
				}
			})
		}
		wait.Wait()
		get(lazy, info, nil)
		if n := builds.Load(); n != 1 {
			t.Errorf("%d builds, want 1", n)
		}
	})
}

func TestLazyIsPreparedBeforeTheFirstRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var builds atomic.Int32
		lazy := bundle.NewLazy(env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=slow://x"), slowStore(&builds))
		var wait sync.WaitGroup
		wait.Go(func() { lazy.Prepare(t.Context()) })
		wait.Go(func() { get(lazy, info, nil) })
		wait.Wait()
		began := time.Now()
		if got := get(lazy, info, nil); got.Code != http.StatusOK || builds.Load() != 1 || time.Since(began) > 0 {
			t.Errorf("got %d after %d builds, %s later", got.Code, builds.Load(), time.Since(began))
		}
		lazy.Prepare(t.Context())
		if err := lazy.Close(); err != nil || builds.Load() != 1 {
			t.Errorf("closed with %v after %d builds", err, builds.Load())
		}
		lazy.Prepare(t.Context())
	})
}

func TestLazyWhosePreparationFailsIsBuiltByTheFirstRequest(t *testing.T) {
	for name, fail := range map[string]func() (store.Store, error){
		"with an error": func() (store.Store, error) { return nil, errors.New("no disk") },
		"with a panic":  func() (store.Store, error) { panic("no disk") },
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			builds := 0
			lazy := bundle.NewLazy(env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=odd://x"),
				bundle.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
				bundle.WithStore("odd", func(context.Context, string) (store.Store, error) {
					if builds++; builds == 1 {
						return fail()
					}
					return memory.New(memory.Limits{}), nil
				}))
			lazy.Prepare(t.Context())
			if !strings.Contains(log.String(), "no disk") {
				t.Errorf("the log doesn't say why: %s", &log)
			}
			if got := get(lazy, info, nil); got.Code != http.StatusOK || builds != 2 {
				t.Errorf("got %d %s after %d builds", got.Code, got.Body, builds)
			}
		})
	}
}

func TestLazyForgetsAFailedBuild(t *testing.T) {
	for name, fail := range map[string]func() (store.Store, error){
		"that returns an error": func() (store.Store, error) { return nil, errors.New("no disk: sk-secret") },
		"that panics":           func() (store.Store, error) { panic("no disk: sk-secret") },
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			broken := true
			lazy := bundle.NewLazy(env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=odd://x"),
				bundle.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
				bundle.WithStore("odd", func(context.Context, string) (store.Store, error) {
					if broken {
						return fail()
					}
					return memory.New(memory.Limits{}), nil
				}))
			for range 2 {
				got := get(lazy, info, nil)
				if got.Code != 500 || got.Body.String() != `{"error":"internal_error","requestId":"`+got.Header().Get("X-Request-Id")+`"}` ||
					got.Header().Get("Content-Type") != "application/json" {
					t.Errorf("got %d %s", got.Code, got.Body)
				}
			}
			if n := strings.Count(log.String(), "could not be built"); n != 2 {
				t.Errorf("%d log lines, want 2:\n%s", n, &log)
			}
			if !strings.Contains(log.String(), "no disk") {
				t.Errorf("the log doesn't say why:\n%s", &log)
			}
			broken = false
			if got := get(lazy, info, nil); got.Code != http.StatusOK {
				t.Errorf("after the repair: %d %s", got.Code, got.Body)
			}
		})
	}
}

func TestLazyTriesAgainWithTheEnvironmentAsItIsThen(t *testing.T) {
	var log strings.Builder
	var entries []string
	builds := 0
	lazy := bundle.NewLazy(func() []string { builds++; return entries }, bundle.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if answer := get(lazy, info, nil); answer.Code != http.StatusInternalServerError || strings.Contains(answer.Body.String(), "OPENAI") {
		t.Errorf("without a key: got %d %s", answer.Code, answer.Body)
	}
	if !strings.Contains(log.String(), "OPENAI_API_KEY") || !strings.Contains(log.String(), "openai/gpt-4o") {
		t.Errorf("the log doesn't name the variable and the model: %s", log.String())
	}

	entries = env("OPENAI_API_KEY=sk-1")()
	for range 3 {
		if answer := get(lazy, info, nil); answer.Code != http.StatusOK {
			t.Errorf("with the key: got %d %s", answer.Code, answer.Body)
		}
	}
	if builds != 2 {
		t.Errorf("built %d times, want 2", builds)
	}
}

func TestLazyBuildOutlivesTheRequestThatBeganIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var builds atomic.Int32
		lazy := bundle.NewLazy(env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=slow://x"), slowStore(&builds))
		first, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() {
			lazy.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", info, nil).WithContext(first))
		})
		synctest.Wait()
		wait.Go(func() {
			if got := get(lazy, info, nil); got.Code != http.StatusOK {
				t.Errorf("the second request got %d %s", got.Code, got.Body)
			}
		})
		synctest.Wait()
		cancel()
		wait.Wait()
	})
}

func TestLazyWaitingRequestLeavesWhenItsClientDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var builds atomic.Int32
		lazy := bundle.NewLazy(env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=slow://x"), slowStore(&builds))
		var wait sync.WaitGroup
		wait.Go(func() { get(lazy, info, nil) })
		synctest.Wait()
		impatient, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		lazy.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", info, nil).WithContext(impatient))
		if waited := time.Since(began); waited > 0 {
			t.Errorf("it waited %s", waited)
		}
		wait.Wait()
	})
}

func TestLazyIsClosedWithWhatItHasBuilt(t *testing.T) {
	closed := 0
	opened := bundle.WithStore("kept", func(context.Context, string) (store.Store, error) {
		return closing{memory.New(memory.Limits{}), func() { closed++ }}, nil
	})
	for name, test := range map[string]struct {
		requests, closed int
	}{"before any request": {0, 0}, "after requests": {2, 1}} {
		t.Run(name, func(t *testing.T) {
			closed = 0
			lazy := bundle.NewLazy(env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=kept://x"), opened)
			for range test.requests {
				get(lazy, info, nil)
			}
			for range 2 {
				if err := lazy.Close(); err != nil {
					t.Error(err)
				}
			}
			if got := get(lazy, info, nil); got.Code != http.StatusServiceUnavailable {
				t.Errorf("after Close: %d %s", got.Code, got.Body)
			}
			if closed != test.closed {
				t.Errorf("the store was closed %d times, want %d", closed, test.closed)
			}
		})
	}
}

func TestLazyIsClosedInTheMiddleOfABuild(t *testing.T) {
	for name, test := range map[string]struct {
		heeds  bool          // its context
		takes  time.Duration // if it isn't cancelled
		waits  time.Duration
		failed bool
	}{
		"that ends with its context":             {heeds: true, takes: time.Hour},
		"that goes on, but not for long":         {takes: time.Second, waits: time.Second},
		"that hangs, and is closed when it ends": {takes: time.Hour, waits: 5 * time.Second, failed: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				opened, closed := 0, 0
				lazy := bundle.NewLazy(env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=slow://x"),
					bundle.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
					bundle.WithStore("slow", func(ctx context.Context, _ string) (store.Store, error) {
						done := ctx.Done()
						if !test.heeds {
							done = nil
						}
						select {
						case <-time.After(test.takes):
							opened++
							return closing{memory.New(memory.Limits{}), func() { closed++ }}, nil
						case <-done:
							return nil, ctx.Err()
						}
					}))
				var wait sync.WaitGroup
				var built, waited int
				wait.Go(func() { built = get(lazy, info, nil).Code })
				synctest.Wait()
				wait.Go(func() { waited = get(lazy, info, nil).Code })
				synctest.Wait()
				began := time.Now()
				if err := lazy.Close(); (err != nil) != test.failed {
					t.Errorf("close: %v", err)
				}
				if took := time.Since(began); took != test.waits {
					t.Errorf("Close waited %v, want %v", took, test.waits)
				}
				synctest.Wait()
				if waited != http.StatusServiceUnavailable {
					t.Errorf("the request that waited for the build got %d", waited)
				}
				wait.Wait()
				// What is built in time may still answer the request that built it.
				inTime := !test.heeds && !test.failed && built == http.StatusOK
				if built != http.StatusServiceUnavailable && !inTime {
					t.Errorf("the request that built got %d", built)
				}
				if got := get(lazy, info, nil).Code; got != http.StatusServiceUnavailable {
					t.Errorf("the next request got %d", got)
				}
				if opened != closed {
					t.Errorf("%d stores were opened, and %d closed", opened, closed)
				}
				if strings.Contains(log.String(), "tries again") {
					t.Errorf("the log is about a failed build: %s", log.String())
				}
			})
		})
	}
}

// closing is a store that tells when it is closed.
type closing struct {
	store.Store
	onClose func()
}

func (s closing) Close() error {
	s.onClose()
	return s.Store.Close()
}
