package integration

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

// forEveryBreakable runs a test with each store that can be taken away.
func forEveryBreakable(t *testing.T, test func(t *testing.T, env []string, away, back func())) {
	for _, b := range backends {
		if b.breakable != nil {
			t.Run(b.name, func(t *testing.T) {
				t.Parallel()
				env, away, back := b.breakable(t)
				test(t, env, away, back)
			})
		}
	}
}

func TestARunOutlivesItsStore(t *testing.T) {
	t.Parallel()
	forEveryBreakable(t, outliveStore)
}

func outliveStore(t *testing.T, env []string, away, back func()) {
	model := platformtest.NewModel(t, answer)
	held := model.Hold()
	server := startServer(t, append(model.Env(), env...))
	run := server.StartRun(t, "thread")
	events := run.Until(t, "TEXT_MESSAGE_CONTENT")

	away()
	refused := server.Do(t, "POST", runPath, platformtest.RunInput("other", "hi"), jsonHeader)
	if seconds, err := strconv.Atoi(refused.Header.Get("Retry-After")); refused.Status != http.StatusServiceUnavailable || err != nil || seconds < 1 {
		t.Errorf("without its store the runtime answers %d with Retry-After %q: %s", refused.Status, refused.Header.Get("Retry-After"), refused.Body)
	}
	for method, path := range map[string]string{"GET": "/threads", "POST": "/agent/default/stop/thread"} {
		if got := server.Do(t, method, platformtest.BasePath+path, "", nil); got.Status != http.StatusServiceUnavailable {
			t.Errorf("%s %s answers %d: %s", method, path, got.Status, got.Body)
		}
	}
	held.Release()
	events = append(events, run.Rest(t)...)
	if last := events[len(events)-1]; last.Type != "RUN_FINISHED" || platformtest.Text(events) != answer {
		t.Errorf("the run said %q and ended with %+v", platformtest.Text(events), last)
	}
	server.Log.Await(t, "recorded")

	back()
	// A client that does as Retry-After says is served when the store is back.
	next := server.Do(t, "POST", runPath, platformtest.RunInput("other", "hi"), jsonHeader)
	for deadline := time.Now().Add(30 * time.Second); next.Status == http.StatusServiceUnavailable; {
		if time.Now().After(deadline) {
			t.Fatal("the runtime hasn't found its store again in 30 s")
		}
		seconds, err := strconv.Atoi(next.Header.Get("Retry-After"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(seconds) * time.Second)
		next = server.Do(t, "POST", runPath, platformtest.RunInput("other", "hi"), jsonHeader)
	}
	if !strings.Contains(string(next.Body), "RUN_FINISHED") {
		t.Errorf("after the restart a run answers %d %s", next.Status, next.Body)
	}
	if shown := connect(t, server, "other").Rest(t); platformtest.Text(shown) != answer {
		t.Errorf("after the restart the history says %q", platformtest.Text(shown))
	}
}

func TestAFollowerOnAnotherInstanceOutlivesARestartOfTheStore(t *testing.T) {
	t.Parallel()
	forEveryBreakable(t, followThroughRestart)
}

func followThroughRestart(t *testing.T, env []string, away, back func()) {
	model := platformtest.NewModel(t, answer)
	held := model.Hold()
	env = append(model.Env(), env...)
	a, b := startServer(t, env), startServer(t, env)
	run := a.StartRun(t, "thread")
	seen := run.Until(t, "TEXT_MESSAGE_CONTENT")
	follower := connect(t, b, "thread")
	followed := follower.Until(t, "TEXT_MESSAGE_CONTENT")

	away()
	back()
	held.Release()
	seen = append(seen, run.Rest(t)...)
	followed = append(followed, follower.Rest(t)...)
	for who, events := range map[string][]platformtest.Event{"the run's client": seen, "the follower": followed} {
		if last := events[len(events)-1]; last.Type != "RUN_FINISHED" || platformtest.Text(events) != answer {
			t.Errorf("%s read %q, and %+v last", who, platformtest.Text(events), last)
		}
	}
	if shown := connect(t, b, "thread").Rest(t); platformtest.Text(shown) != answer {
		t.Errorf("the history says %q", platformtest.Text(shown))
	}
}

func TestAClientThatLeavesEndsItsRunWhereThatIsAskedFor(t *testing.T) {
	t.Parallel()
	model := platformtest.NewModel(t, answer)
	defer model.Hold().Release()
	server := startServer(t, append(model.Env(), "COPILOTKIT_ON_DISCONNECT=cancel"))
	run := server.StartRun(t, "thread")
	run.Until(t, "TEXT_MESSAGE_CONTENT")
	run.Close()
	await(t, model.Left(), "the model's connection to be closed")
	if events := connect(t, server, "thread").Rest(t); events[len(events)-1].Type != "RUN_FINISHED" {
		t.Errorf("the run is recorded with the end %+v", events[len(events)-1])
	}
}

func TestARunGoesOnWithoutItsClientOtherwise(t *testing.T) {
	t.Parallel()
	model := platformtest.NewModel(t, answer)
	held := model.Hold()
	server := startServer(t, model.Env())
	run := server.StartRun(t, "thread")
	run.Until(t, "TEXT_MESSAGE_CONTENT")
	run.Close()
	held.Release()
	if shown := connect(t, server, "thread").Rest(t); platformtest.Text(shown) != answer {
		t.Errorf("the run said %q", platformtest.Text(shown))
	}
}
