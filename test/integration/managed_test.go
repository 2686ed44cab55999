package integration

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

// startManaged starts two servers whose threads a platform keeps, with locks that hold for
// two seconds, and on the first one a run in the thread "thread", whose model is held.
func startManaged(t *testing.T, runID string) (*platformtest.Managed, *platformtest.Hold, pair) {
	t.Helper()
	managed := platformtest.NewManaged(t, answer)
	held := managed.Model.Hold()
	env := append(managed.Env(), "COPILOTKIT_INTELLIGENCE_LOCK_SECONDS=2")
	p := pair{startServer(t, env), startServer(t, env)}
	managed.StartRun(t, p.a, "thread", runID)
	managed.AwaitText(t, runID)
	return managed, held, p
}

// A process that is killed in the middle of a run leaves what the platform has, and its
// lock for as long as that holds.
func TestAThreadGoesOnWhenTheProcessOfItsRunWasKilled(t *testing.T) {
	t.Parallel()
	managed, held, p := startManaged(t, "killed")
	p.a.Stop()
	had := managed.Story(t, "killed")

	input := platformtest.ManagedInput("thread", "next")
	if busy := managed.Post(t, p.b, "/agent/default/run", input); busy.Status != http.StatusConflict {
		t.Errorf("while the lock holds a run is answered with %d %s", busy.Status, busy.Body)
	}
	managed.AwaitUnlocked(t, "thread")
	held.Release()
	managed.StartRun(t, p.b, "thread", "next")
	checkManaged(t, managed, "next")
	if got := managed.Story(t, "killed"); !slices.Equal(got, had) {
		t.Errorf("the killed run had %v, and has %v", had, got)
	}
	if all := managed.Events("thread"); len(all) != len(had)+len(managed.Story(t, "next")) {
		t.Errorf("the thread has %d events", len(all))
	}

}

// A process that stood still for longer than its lock adds nothing to a thread that
// another has gone on with.
func TestAProcessThatStoodStillAddsNothingToAThreadThatWentOn(t *testing.T) {
	t.Parallel()
	managed, held, p := startManaged(t, "still")
	p.a.Freeze()
	managed.AwaitUnlocked(t, "thread")
	had := managed.Story(t, "still")
	held.Release()
	managed.StartRun(t, p.b, "thread", "next")
	checkManaged(t, managed, "next")
	p.a.Thaw()
	p.a.Log.Await(t, "run=still error=")
	managed.StartRun(t, p.a, "thread", "last")
	checkManaged(t, managed, "last")
	if got := managed.Story(t, "still"); !slices.Equal(got, had) {
		t.Errorf("the run that stood still had %v, and has %v", had, got)
	}
}

func checkManaged(t *testing.T, managed *platformtest.Managed, runID string) {
	t.Helper()
	events := managed.AwaitEnd(t, runID)
	if last := events[len(events)-1]; last.Type != "RUN_FINISHED" || platformtest.Text(events) != answer {
		t.Errorf("%s says %q and ends with %+v", runID, platformtest.Text(events), last)
	}
}

func TestAHundredManagedRunsAtOnceLeaveNothingBehind(t *testing.T) {
	const runs = 100
	managed := platformtest.NewManaged(t, answer)
	handler, err := bundle.New(t.Context(), func() []string {
		// However long a busy machine takes, no lock ends.
		return append(managed.Env(), "COPILOTKIT_LOG_LEVEL=error", "COPILOTKIT_INTELLIGENCE_LOCK_SECONDS=600")
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := handler.Close(); err != nil {
			t.Error(err)
		}
	}()
	server := httptest.NewServer(handler)
	defer server.Close()
	d := &platformtest.Deployment{URL: server.URL, Log: &platformtest.Log{}}
	round := func(name string) {
		held := managed.Model.Hold()
		var clients sync.WaitGroup
		for i := range runs {
			clients.Go(func() { managed.StartRun(t, d, fmt.Sprintf("%s-%d", name, i), fmt.Sprintf("%s-run-%d", name, i)) })
		}
		clients.Wait()
		for i := range runs {
			managed.AwaitText(t, fmt.Sprintf("%s-run-%d", name, i))
		}
		managed.CutRunners(0) // all connections, in the middle of the runs
		held.Release()
		for i := range runs {
			checkManaged(t, managed, fmt.Sprintf("%s-run-%d", name, i))
		}
		if err := handler.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	round("first")
	before := heap()
	round("second")
	// The platform for tests keeps some 26 kB of each run: its frames, calls and events.
	if left := max(heap(), before) - before; left > runs*48<<10 {
		t.Errorf("%d runs leave %d kB", runs, left>>10)
	}
	if stacks := goroutines(); strings.Contains(stacks, "core/intelligence/managed") || strings.Contains(stacks, "core/internal/runner") {
		t.Errorf("goroutines are left of runs:\n%s", stacks)
	}
}

// heap returns how many bytes are in use.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // what pools have let go of
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// goroutines returns the stacks of all goroutines.
func goroutines() string {
	buffer := make([]byte, 16<<20)
	return string(buffer[:runtime.Stack(buffer, true)])
}

// SIGTERM lets runs that go on after their answers come to their ends.
func TestShutdownWaitsForRunsThatGoOn(t *testing.T) {
	t.Parallel()
	managed := platformtest.NewManaged(t, answer)
	held := managed.Model.Hold()
	server := startServer(t, managed.Env())
	managed.StartRun(t, server, "thread", "run")
	managed.AwaitText(t, "run")
	server.Terminate()
	server.Log.Await(t, "waiting for runs to finish")
	held.Release()
	checkManaged(t, managed, "run")
	if err := server.Await(); err != nil {
		t.Error(err)
	}
	if got := managed.Lock("thread"); got != "" {
		t.Errorf("the thread is locked by %s", got)
	}
}

// A second signal has its usual effect: what is left is a lock that expires.
func TestASecondSignalEndsTheProcessAtOnce(t *testing.T) {
	t.Parallel()
	managed := platformtest.NewManaged(t, answer)
	defer managed.Model.Hold().Release()
	server := startServer(t, managed.Env())
	managed.StartRun(t, server, "thread", "run")
	managed.AwaitText(t, "run")
	server.Terminate()
	server.Log.Await(t, "waiting for runs to finish")
	server.Terminate()
	if err := server.Await(); err == nil {
		t.Error("the process has ended as if nothing were")
	}
	if managed.Ended("run") || managed.Lock("thread") != "run" {
		t.Errorf("the run has %v, and the thread is locked by %q", managed.Story(t, "run"), managed.Lock("thread"))
	}
}
