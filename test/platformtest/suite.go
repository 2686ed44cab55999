// Package platformtest is the suite for the artefact that a platform's own tooling
// builds from this repository. It calls the artefact over HTTP as a front end does, with
// a slow model behind it.
package platformtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// BasePath is where the suite expects the routes: the default.
const BasePath = "/api/copilotkit"

// Artefact is a program that can be deployed.
type Artefact struct {
	// Start runs a new copy until the test ends, with variables, "NAME=value", in
	// addition to those that its platform sets.
	Start func(t testing.TB, env []string) *Deployment
	// Buffers is set if the platform buffers whole answers.
	Buffers bool
	// EndsUnbuilt is set if a program that can't build its runtime ends at once, instead
	// of answering with 500 and trying again.
	EndsUnbuilt bool
}

// Deployment is a running artefact.
type Deployment struct {
	// URL is its address, without a path.
	URL string
	// Log is its output so far.
	Log *Log

	// MayBreak is set if the platform's own proxy may break a stream off. The suite
	// then checks that connect continues it.
	MayBreak bool
	// OnStop stops it before the test ends. It may be nil.
	OnStop func()
	// Terminate asks it to end as its platform does. It is nil if the platform doesn't.
	Terminate func()
	// Await waits for its end after that, and returns what it ended with: nil for the
	// exit code 0. It is nil where Terminate is.
	Await func() error
	// Freeze lets it stand still, and Thaw lets it go on, as a platform does between
	// requests. They are nil if the platform doesn't.
	Freeze, Thaw func()
}

// Stop stops the artefact before the test ends.
func (d *Deployment) Stop() {
	if d.OnStop != nil {
		d.OnStop()
	}
}

// Run runs the suite.
func Run(t *testing.T, artefact Artefact) {
	t.Run("info names the agents", func(t *testing.T) { testInfo(t, artefact) })
	t.Run("the first event arrives before the model has finished", func(t *testing.T) {
		if artefact.Buffers {
			testHeldBack(t, artefact)
			return
		}
		testFirstEvent(t, artefact)
	})
	t.Run("two hundred deltas arrive in order", func(t *testing.T) { testOrder(t, artefact) })
	t.Run("all requests share one runtime", func(t *testing.T) { testOneRuntime(t, artefact) })
	if !artefact.EndsUnbuilt {
		t.Run("a missing key is a 500 that tells nothing and a log line that names it", func(t *testing.T) { testMissingKey(t, artefact) })
	}
	t.Run("a body that is too large gets 413", func(t *testing.T) { testLargeBody(t, artefact) })
	t.Run("single-route takes envelopes", func(t *testing.T) { testSingleRoute(t, artefact) })
	t.Run("a preflight is answered", func(t *testing.T) { testPreflight(t, artefact) })
	t.Run("paths and queries arrive as they were sent", func(t *testing.T) { testPath(t, artefact) })
}

// deploy starts the artefact with a model, its key, and additional variables.
func deploy(t testing.TB, artefact Artefact, model *Model, env ...string) *Deployment {
	return artefact.Start(t, append(model.Env(), env...))
}

func testInfo(t *testing.T, artefact Artefact) {
	d := deploy(t, artefact, NewModel(t, "unused"))
	response := d.Do(t, "GET", BasePath+"/info", "", nil)
	var info struct {
		Mode   string                     `json:"mode"`
		Agents map[string]json.RawMessage `json:"agents"`
	}
	response.JSON(t, http.StatusOK, &info)
	if info.Mode != "sse" || info.Agents["default"] == nil {
		t.Errorf("info has mode %q and agents %v, want sse and one called default", info.Mode, info.Agents)
	}
}

// testFirstEvent holds the model after its first word until the client has it.
func testFirstEvent(t *testing.T, artefact Artefact) {
	model := NewModel(t, "first and last")
	held := model.Hold()
	d := deploy(t, artefact, model)
	stream := d.StartRun(t, "thread-1")
	events := stream.Until(t, "TEXT_MESSAGE_CONTENT")
	if got := events[0].Type; got != "RUN_STARTED" {
		t.Errorf("the stream begins with %s, want RUN_STARTED", got)
	}
	held.Release()
	if got, want := Text(append(events, stream.Rest(t)...)), "first and last"; got != want {
		t.Errorf("the answer is %q, want %q", got, want)
	}
}

// testHeldBack checks that a platform that buffers passes the whole answer on at the end.
func testHeldBack(t *testing.T, artefact Artefact) {
	model := NewModel(t, "first and last")
	d := deploy(t, artefact, model)
	events := d.StartRun(t, "thread-1").Rest(t)
	if got, want := Text(events), "first and last"; got != want {
		t.Errorf("the answer is %q, want %q", got, want)
	}
}

func testOrder(t *testing.T, artefact Artefact) {
	var words strings.Builder
	for i := range 200 {
		fmt.Fprintf(&words, "%d ", i)
	}
	d := deploy(t, artefact, NewModel(t, words.String()))
	events := d.StartRun(t, "thread-1").Rest(t)
	if got := Text(events); got != words.String() {
		t.Errorf("the answer is %q, want the numbers to 199 in order", got)
	}
	// A stream that broke off is continued with joined deltas.
	if got := count(events, "TEXT_MESSAGE_CONTENT"); got != 200 && !d.MayBreak {
		t.Errorf("it came in %d deltas, want 200", got)
	}
	if last := events[len(events)-1].Type; last != "RUN_FINISHED" {
		t.Errorf("the stream ends with %s, want RUN_FINISHED", last)
	}
}

// testOneRuntime checks that concurrent first requests and later ones use the same
// store in memory, and so the same runtime.
func testOneRuntime(t *testing.T, artefact Artefact) {
	d := deploy(t, artefact, NewModel(t, "hello"))
	var runs sync.WaitGroup
	for i := range 2 {
		runs.Go(func() { d.StartRun(t, fmt.Sprintf("thread-%d", i)).Rest(t) })
	}
	runs.Wait()
	var list struct {
		Threads []struct {
			ID string `json:"id"`
		} `json:"threads"`
	}
	d.Do(t, "GET", BasePath+"/threads?agentId=default", "", nil).JSON(t, http.StatusOK, &list)
	if len(list.Threads) != 2 {
		t.Errorf("the runtime knows %d threads, want both that it ran: %v", len(list.Threads), list.Threads)
	}
}

func testMissingKey(t *testing.T, artefact Artefact) {
	d := artefact.Start(t, []string{"COPILOTKIT_MODEL=openai/gpt-4o", "COPILOTKIT_AUTH=none"})
	response := d.Do(t, "GET", BasePath+"/info", "", nil)
	if response.Status != http.StatusInternalServerError {
		t.Errorf("without a key the status is %d, want 500", response.Status)
	}
	id := response.Header.Get("X-Request-Id")
	if got, want := strings.TrimSpace(string(response.Body)), `{"error":"internal_error","requestId":"`+id+`"}`; got != want {
		t.Errorf("without a key the answer is %s, want %s", got, want)
	}
	d.Log.Await(t, "OPENAI_API_KEY")
	d.Log.Await(t, `"requestId":"`+id+`"`)

	// Variables are changed by deploying again.
	d.Stop()
	d = deploy(t, artefact, NewModel(t, "unused"))
	if got := d.Do(t, "GET", BasePath+"/info", "", nil).Status; got != http.StatusOK {
		t.Errorf("with the key set the status is %d, want 200", got)
	}
}

func testLargeBody(t *testing.T, artefact Artefact) {
	d := deploy(t, artefact, NewModel(t, "unused"), "COPILOTKIT_MAX_BODY_BYTES=2000")
	body := RunInput("thread-1", strings.Repeat("a", 3000))
	response := d.Do(t, "POST", BasePath+"/agent/default/run", body, jsonHeader())
	if response.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("the status is %d, want 413: %s", response.Status, response.Body)
	}
	if got := d.Do(t, "GET", BasePath+"/info", "", nil).Status; got != http.StatusOK {
		t.Errorf("the request after it has status %d, want 200", got)
	}
}

// BodyLimit checks how many bytes a request's body may have by default.
func BodyLimit(t *testing.T, handler http.Handler, limit int64) {
	t.Helper()
	for length, want := range map[int64]int{limit: http.StatusBadRequest, limit + 1: http.StatusRequestEntityTooLarge} {
		// What is announced counts, and what comes is no input of a run.
		r := httptest.NewRequest("POST", BasePath+"/agent/default/run", strings.NewReader("[]"))
		r.Header, r.ContentLength = jsonHeader(), length
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, r); w.Code != want {
			t.Errorf("a body of %d bytes gets %d %s, want %d", length, w.Code, w.Body, want)
		}
	}
}

func testSingleRoute(t *testing.T, artefact Artefact) {
	d := deploy(t, artefact, NewModel(t, "one route"), "COPILOTKIT_ENDPOINT=single-route")
	var info struct {
		Mode string `json:"mode"`
	}
	d.Do(t, "POST", BasePath, `{"method":"info"}`, jsonHeader()).JSON(t, http.StatusOK, &info)
	if info.Mode != "sse" {
		t.Errorf("info has mode %q, want sse", info.Mode)
	}
	envelope := fmt.Sprintf(`{"method":"agent/run","params":{"agentId":"default"},"body":%s}`, RunInput("thread-1", "hi"))
	if got := Text(d.Stream(t, BasePath, envelope).Rest(t)); got != "one route" {
		t.Errorf("the answer is %q, want %q", got, "one route")
	}
}

func testPreflight(t *testing.T, artefact Artefact) {
	d := deploy(t, artefact, NewModel(t, "unused"))
	origin := http.Header{"Origin": {"https://app.example.com"}}
	preflight := origin.Clone()
	preflight.Set("Access-Control-Request-Method", "POST")
	preflight.Set("Access-Control-Request-Headers", "content-type")
	for method, header := range map[string]http.Header{"OPTIONS": preflight, "GET": origin} {
		response := d.Do(t, method, BasePath+"/info", "", header)
		if response.Status/100 != 2 {
			t.Errorf("%s has status %d, want success", method, response.Status)
		}
		if got := response.Header.Values("Access-Control-Allow-Origin"); len(got) != 1 || got[0] != "*" {
			t.Errorf("%s has Access-Control-Allow-Origin %q, want * once", method, got)
		}
	}
}

func testPath(t *testing.T, artefact Artefact) {
	d := deploy(t, artefact, NewModel(t, "unused"))
	var stopped struct {
		Message string `json:"message"`
	}
	d.Do(t, "POST", BasePath+"/agent/default/stop/what%20thread%3F", "", nil).JSON(t, http.StatusOK, &stopped)
	if want := "what thread?"; !strings.Contains(stopped.Message, want) {
		t.Errorf("stop answers %q, which doesn't name the thread %q", stopped.Message, want)
	}
	d.StartRun(t, "a thread & more").Rest(t)
	connected := d.Do(t, "GET", BasePath+"/agent/default/connect?threadId=a%20thread+%26%20more", "", nil)
	if !strings.Contains(string(connected.Body), "unused") {
		t.Errorf("connect to a thread with odd letters has status %d and doesn't show its history: %s", connected.Status, connected.Body)
	}
	d.Log.Await(t, `"requestId":"`+connected.Header.Get("X-Request-Id")+`"`)
}
