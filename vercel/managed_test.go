package vercel_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

// An instance is frozen when it has answered, and a run of a managed platform goes on then.
func TestAManagedPlatformIsRefusedAtTheStart(t *testing.T) {
	managed := platformtest.NewManaged(t, "unused")
	d := start(t, append(managed.Env(), "VERCEL=1"))
	d.Log.Await(t, "Vercel freezes instances") // before there is a request
	if got := managed.Post(t, d, "/agent/default/run", platformtest.ManagedInput("thread", "run")); got.Status != http.StatusInternalServerError || strings.Contains(string(got.Body), "Vercel") {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	if got := d.Do(t, "GET", "/readyz", "", nil); got.Status != http.StatusServiceUnavailable {
		t.Errorf("it says that it is ready: %d %s", got.Status, got.Body)
	}
	if strings.Contains(d.Log.String(), managed.Key) {
		t.Errorf("the key is logged: %s", d.Log)
	}
	if calls := managed.Requests(); len(calls) > 0 {
		t.Errorf("the platform was asked %v", calls)
	}
}
