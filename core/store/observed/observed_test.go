package observed_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/store/observed"
	"github.com/copilotkit-go/runtime/core/store/storetest"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watcher notes the calls of a store.
type watcher struct {
	telemetry.Observer
	mu    sync.Mutex
	calls []string
}

func (w *watcher) Store(ctx context.Context, call telemetry.StoreCall) (context.Context, func(error)) {
	return ctx, func(err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		note := call.Store + " " + call.Method
		if err != nil {
			note += " fails"
		}
		w.calls = append(w.calls, note)
	}
}

func TestAnObservedStoreKeepsWhatAStorePromises(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return observed.New(memory.New(memory.Limits{}), "memory", &watcher{}) })
}

func TestAnObservedStoreIsAMeterIfTheOtherIs(t *testing.T) {
	storetest.RunMeter(t, func(*testing.T) (a, b store.Store) {
		inner := memory.New(memory.Limits{})
		return observed.New(inner, "memory", &watcher{}), observed.New(inner, "memory", &watcher{})
	})
	var plain struct{ store.Store }
	if _, counts := observed.New(plain, "", &watcher{}).(store.Meter); counts {
		t.Error("a store that doesn't count does, once it is observed")
	}
}

func TestWhichCallsAreObserved(t *testing.T) {
	w := &watcher{}
	s := observed.New(memory.New(memory.Limits{}), "redis", w)
	t.Cleanup(func() { _ = s.Close() })
	key := store.Key{ID: "thread"}
	request := store.BeginRequest{Key: key, RunID: "one", TTL: time.Minute}
	lease, err := s.Begin(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if _, local := lease.(store.LocalLease); !local {
		t.Error("the lease of a store in this process isn't local any more")
	}
	_, _ = s.Begin(t.Context(), request) // the thread is locked, which is no failure
	ended, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	_, _ = s.Read(ended, key, 0, true) // waits, and so isn't observed
	_, _ = s.Read(t.Context(), key, 0, false)
	_, _ = s.Thread(t.Context(), store.Key{ID: "another"})
	if err := lease.Finish(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	want := []string{"redis Begin", "redis Begin", "redis Read", "redis Thread", "redis Finish"}
	if !slices.Equal(w.calls, want) {
		t.Errorf("the calls are %q, want %q", w.calls, want)
	}
}

// broken is a store whose calls don't return.
type broken struct{ store.Store }

func (broken) Thread(context.Context, store.Key) (store.Thread, error) { panic("broken") }

func TestACallThatPanicsHasAnEnd(t *testing.T) {
	w := &watcher{}
	func() {
		defer func() {
			if value := recover(); value != "broken" {
				t.Errorf("the panic is %v", value)
			}
		}()
		_, _ = observed.New(broken{}, "redis", w).Thread(t.Context(), store.Key{})
	}()
	if want := []string{"redis Thread fails"}; !slices.Equal(w.calls, want) {
		t.Errorf("the calls are %q, want %q", w.calls, want)
	}
}
