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
				if got.Code != 500 || got.Body.String() != `{"error":"internal_error"}` ||
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
	synctest.Test(t, func(t *testing.T) {
		var builds atomic.Int32
		lazy := bundle.NewLazy(env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STORE=slow://x"), slowStore(&builds))
		var wait sync.WaitGroup
		wait.Go(func() { get(lazy, info, nil) })
		synctest.Wait()
		if err := lazy.Close(); err != nil {
			t.Error(err)
		}
		wait.Wait()
		if got := get(lazy, info, nil); got.Code != http.StatusServiceUnavailable || builds.Load() != 1 {
			t.Errorf("after Close and %d builds: %d %s", builds.Load(), got.Code, got.Body)
		}
	})
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
