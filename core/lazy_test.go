package core_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
)

var ready = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ready") })

func TestLazyBuildsOnceForConcurrentFirstRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var builds atomic.Int32
		lazy := core.NewLazy(func(context.Context) (http.Handler, error) {
			builds.Add(1)
			time.Sleep(time.Second)
			return ready, nil
		}, quiet)
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				if got := get(t.Context(), lazy, "/"); got.Body.String() != "ready" {
					t.Errorf("got %d %s", got.Code, got.Body)
				}
			})
		}
		wait.Wait()
		get(t.Context(), lazy, "/")
		if n := builds.Load(); n != 1 {
			t.Errorf("%d builds, want 1", n)
		}
	})
}

func TestLazyForgetsAFailedBuild(t *testing.T) {
	for name, fail := range map[string]func() (http.Handler, error){
		"that returns an error":   func() (http.Handler, error) { return nil, errors.New("OPENAI_API_KEY is not set: sk-secret") },
		"that panics":             func() (http.Handler, error) { panic("OPENAI_API_KEY is not set: sk-secret") },
		"that returns nothing":    func() (http.Handler, error) { return nil, nil },
		"that returns both nils?": func() (http.Handler, error) { return http.Handler(nil), errors.New("OPENAI_API_KEY") },
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			broken := true
			lazy := core.NewLazy(func(context.Context) (http.Handler, error) {
				if broken {
					return fail()
				}
				return ready, nil
			}, slog.New(slog.NewTextHandler(&log, nil)))
			for range 2 {
				got := get(t.Context(), lazy, "/")
				if got.Code != 500 || got.Body.String() != `{"error":"internal_error"}` ||
					got.Header().Get("Content-Type") != "application/json" {
					t.Errorf("got %d %s", got.Code, got.Body)
				}
			}
			if n := strings.Count(log.String(), "could not be built"); n != 2 {
				t.Errorf("%d log lines, want 2:\n%s", n, &log)
			}
			if name != "that returns nothing" && !strings.Contains(log.String(), "OPENAI_API_KEY") {
				t.Errorf("the log doesn't name the variable:\n%s", &log)
			}
			broken = false
			if got := get(t.Context(), lazy, "/"); got.Body.String() != "ready" {
				t.Errorf("after the repair: %d %s", got.Code, got.Body)
			}
		})
	}
}

func TestLazyBuildOutlivesTheRequestThatBeganIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lazy := core.NewLazy(func(ctx context.Context) (http.Handler, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(time.Second):
				return ready, nil
			}
		}, quiet)
		first, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() { get(first, lazy, "/") })
		synctest.Wait()
		wait.Go(func() {
			if got := get(t.Context(), lazy, "/"); got.Body.String() != "ready" {
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
		release := make(chan struct{})
		lazy := core.NewLazy(func(context.Context) (http.Handler, error) {
			<-release
			return ready, nil
		}, quiet)
		var wait sync.WaitGroup
		wait.Go(func() { get(t.Context(), lazy, "/") })
		synctest.Wait()
		impatient, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := lazy.Handler(impatient); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
		close(release)
		wait.Wait()
	})
}
