package platformtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// Managed is a managed platform that keeps the threads of deployments, whose model can be
// held in the middle of its answer.
type Managed struct {
	*intelligencetest.Platform
	Model *Model
}

// NewManaged starts a platform and a model that answers with a text, until the test ends.
func NewManaged(t testing.TB, text string) *Managed {
	t.Helper()
	// Nobody else gets its addresses while it is down.
	return &Managed{Platform: intelligencetest.NewWith(t, intelligencetest.Options{
		Address: "127.0.0.1:" + freeport.Take(t), GatewayAddress: "127.0.0.1:" + freeport.Take(t),
	}), Model: NewModel(t, text)}
}

// Env returns the variables of a deployment that lets in the user ada.
func (m *Managed) Env() []string {
	return append(m.Keeper(), "COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ada:ada-token",
		"OPENAI_API_KEY=sk-test-key", "OPENAI_BASE_URL="+m.Model.url)
}

// Keeper returns the variables that say who keeps the threads.
func (m *Managed) Keeper() []string {
	return []string{
		"CPK_INTELLIGENCE_API_KEY=" + m.Key,
		"COPILOTKIT_INTELLIGENCE_API_URL=" + m.URL, "COPILOTKIT_INTELLIGENCE_WS_URL=" + m.GatewayURL,
	}
}

// Ada returns the header of ada's requests.
func (m *Managed) Ada() http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer ada-token"}}
}

// Post sends a request of ada's, and returns its whole answer.
func (m *Managed) Post(t testing.TB, d *Deployment, path, body string) *Response {
	t.Helper()
	return d.Do(t, http.MethodPost, BasePath+path, body, m.Ada())
}

// StartRun starts a run of ada's, whose answer is whole when it returns.
func (m *Managed) StartRun(t testing.TB, d *Deployment, threadID, runID string) {
	t.Helper()
	var answer struct{ ThreadID, RunID, JoinToken string }
	m.Post(t, d, "/agent/default/run", ManagedInput(threadID, runID)).JSON(t, http.StatusOK, &answer)
	if answer.ThreadID != threadID || answer.RunID != runID || answer.JoinToken == "" {
		t.Fatalf("run %s of thread %s is answered with %+v", runID, threadID, answer)
	}
}

// ManagedInput returns the body of a run that has the id.
func ManagedInput(threadID, runID string) string {
	body := strings.Replace(RunInput(threadID, "hi"), `"run-1"`, fmt.Sprintf("%q", runID), 1)
	return strings.Replace(body, `"message-1"`, fmt.Sprintf("%q", "message of "+runID), 1)
}

// AwaitText waits until some text of a run has arrived.
func (m *Managed) AwaitText(t testing.TB, runID string) {
	t.Helper()
	m.Await(t, "text of run "+runID, func() bool { return Text(m.Story(t, runID)) != "" })
}

// AwaitEnd waits until a run's end has arrived, and returns its events.
func (m *Managed) AwaitEnd(t testing.TB, runID string) []Event {
	t.Helper()
	m.Await(t, "the end of run "+runID, func() bool { return m.Ended(runID) })
	return m.Story(t, runID)
}

// Story returns the events of a run that have arrived.
func (m *Managed) Story(t testing.TB, runID string) []Event {
	t.Helper()
	var events []Event
	for _, stored := range m.RunEvents(runID) {
		var event Event
		if err := json.Unmarshal(stored.JSON, &event); err != nil {
			t.Fatal(err)
		}
		events = append(events, event)
	}
	return events
}

// AwaitUnlocked waits until no run has a thread.
func (m *Managed) AwaitUnlocked(t testing.TB, threadID string) {
	t.Helper()
	for began := time.Now(); m.Lock(threadID) != ""; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("thread %s stays locked by run %s", threadID, m.Lock(threadID))
		}
	}
}
