package gcf_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

func TestARunGoesOnAfterItsAnswerWhereTheProcessorDoes(t *testing.T) {
	t.Parallel()
	managed := platformtest.NewManaged(t, "an answer")
	held := managed.Model.Hold()
	d := start(t, append(managed.Env(), "COPILOTKIT_INTELLIGENCE_BACKGROUND=on"))
	managed.StartRun(t, d, "thread", "run")
	managed.AwaitText(t, "run")
	// The instance is shut down, and has a few seconds.
	d.Terminate()
	held.Release()
	events := managed.AwaitEnd(t, "run")
	if last := events[len(events)-1]; last.Type != "RUN_FINISHED" || platformtest.Text(events) != "an answer" {
		t.Errorf("the run says %q and ends with %+v", platformtest.Text(events), last)
	}
	awaitEnd(t, d)
}

func TestARunThatTakesLongerThanTheInstanceEndsInGoodOrder(t *testing.T) {
	t.Parallel()
	managed := platformtest.NewManaged(t, "never finished")
	defer managed.Model.Hold().Release()
	d := start(t, append(managed.Env(), "COPILOTKIT_INTELLIGENCE_BACKGROUND=on"))
	managed.StartRun(t, d, "thread", "run")
	managed.AwaitText(t, "run")
	d.Terminate()
	events := managed.AwaitEnd(t, "run")
	if last := events[len(events)-1]; last.Type != "RUN_ERROR" || last.Code != "SHUTDOWN" {
		t.Errorf("the run ends with %+v", last)
	}
	awaitEnd(t, d)
	if got := managed.Lock("thread"); got != "" {
		t.Errorf("the thread is locked by %s", got)
	}
}

func TestARunIsRefusedWhereNobodySaysThatTheProcessorGoesOn(t *testing.T) {
	t.Parallel()
	managed := platformtest.NewManaged(t, "unused")
	d := start(t, managed.Env())
	if got := managed.Post(t, d, "/agent/default/run", platformtest.ManagedInput("thread", "run")); got.Status != http.StatusInternalServerError || strings.Contains(string(got.Body), "CPK") {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	d.Log.Await(t, "COPILOTKIT_INTELLIGENCE_BACKGROUND")
	d.Log.Await(t, "--no-cpu-throttling")
	if strings.Contains(d.Log.String(), managed.Key) {
		t.Errorf("the key is logged: %s", d.Log)
	}
	if calls := managed.Requests(); len(calls) > 0 {
		t.Errorf("the platform was asked %v", calls)
	}
}

// awaitEnd waits for the end of the process, by the signal that it sends itself again.
func awaitEnd(t *testing.T, d *platformtest.Deployment) {
	t.Helper()
	if err := d.Await(); err == nil || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("the process ended with %v\n%s", err, d.Log)
	}
}
