package peers

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ag-ui-protocol/ag-ui/sdks/community/go/pkg/core/events"
	"github.com/ag-ui-protocol/ag-ui/sdks/community/go/pkg/core/types"
	"github.com/ag-ui-protocol/ag-ui/sdks/community/go/pkg/encoding/sse"
)

// farAgent is an AG-UI server made with the SDK. It repeats what the user said, one
// word at a time; after "wait" it only goes on when the run is stopped.
type farAgent struct {
	waiting chan struct{} // receives a value when a run waits
	left    chan struct{} // receives a value when the client of such a run has disconnected
}

func (a *farAgent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in types.RunAgentInput
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	writer := sse.NewSSEWriter()
	send := func(event events.Event) {
		_ = writer.WriteEvent(r.Context(), w, event)
		w.(http.Flusher).Flush()
	}
	said := fmt.Sprint(in.Messages[len(in.Messages)-1].Content)
	send(events.NewRunStartedEvent(in.ThreadID, in.RunID))
	id := "answer-to-" + in.RunID
	send(events.NewTextMessageStartEvent(id, events.WithRole("assistant")))
	for _, word := range strings.SplitAfter("You said: "+said, " ") {
		send(events.NewTextMessageContentEvent(id, word))
	}
	if said == "wait" {
		a.waiting <- struct{}{}
		<-r.Context().Done()
		a.left <- struct{}{}
		return
	}
	send(events.NewTextMessageEndEvent(id))
	send(events.NewRunFinishedEvent(in.ThreadID, in.RunID))
}

func TestARemoteAgentOfTheSDKIsRunStoppedAndReconnected(t *testing.T) {
	t.Parallel()
	far := &farAgent{waiting: make(chan struct{}, 1), left: make(chan struct{}, 1)}
	remote := httptest.NewServer(far)
	defer remote.Close()
	server := startServer(t, "COPILOTKIT_AGENTS=far="+remote.URL)

	answer := run(t, server, "/agent/far/run", input("far-thread", user("u1", "hello there")))
	if err := events.ValidateSequence(answer); err != nil {
		t.Errorf("the SDK finds the sequence invalid: %v", err)
	}
	if got := text(answer); got != "You said: hello there" {
		t.Errorf("the remote agent said %q", got)
	}

	ended := make(chan []events.Event, 1)
	go func() {
		ended <- run(t, server, "/agent/far/run", input("far-thread", user("u1", "hello there"), user("u2", "wait")))
	}()
	await(t, far.waiting, "the run to reach the remote agent")
	stop(t, server+"/agent/far/stop/far-thread")
	await(t, far.left, "the remote agent to be told of the stop")
	stopped := <-ended
	if last := stopped[len(stopped)-1].Type(); last != events.EventTypeRunFinished {
		t.Errorf("the stopped run ended with %s", last)
	}

	shown := run(t, server, "/agent/far/connect", input("far-thread"))
	if err := events.ValidateSequence(shown); err != nil {
		t.Errorf("the SDK finds the history invalid: %v", err)
	}
	if got, want := text(shown), text(answer)+text(stopped); got != want {
		t.Errorf("connect shows %q, the runs said %q", got, want)
	}
}

func stop(t *testing.T, url string) {
	t.Helper()
	response, err := http.Post(url, "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(body), `"stopped":true`) {
		t.Fatalf("/stop answers %s (%v)", body, err)
	}
}

func await(t *testing.T, happened <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-happened:
	case <-time.After(30 * time.Second):
		t.Fatalf("waited 30 s for %s", what)
	}
}
