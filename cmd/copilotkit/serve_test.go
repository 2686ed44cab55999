package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// server is the local server, run as main runs it.
type server struct {
	// url is the address of the runtime, site that of the playground.
	url, site string
	banner    string
	// interrupt acts as a signal does; ended receives the result of serve.
	interrupt context.CancelFunc
	ended     <-chan error
}

func start(t *testing.T, entries ...string) *server {
	t.Helper()
	ctx, interrupt := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	ended, gone := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(gone)
		ended <- serve(ctx, func() []string { return append(entries, "PORT=0") }, writer)
		_ = writer.Close()
	}()
	lines := bufio.NewScanner(reader)
	s := &server{interrupt: interrupt, ended: ended}
	for lines.Scan() && !strings.HasPrefix(strings.TrimSpace(lines.Text()), "Threads") {
		s.banner += lines.Text() + "\n"
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	field := func(name string) string {
		match := regexp.MustCompile(name + `\s+(\S+)`).FindStringSubmatch(s.banner)
		if match == nil {
			t.Fatalf("no %s in the banner:\n%s", name, s.banner)
		}
		return match[1]
	}
	s.url, s.site = field("runtimeUrl"), field("Playground")
	t.Cleanup(func() {
		interrupt()
		<-gone // with its files, which the test then removes
	})
	return s
}

// startModel starts a scripted model and returns the variables that name it.
func startModel(t *testing.T, answers ...scriptedmodel.Answer) (*scriptedmodel.Model, []string) {
	t.Helper()
	model := scriptedmodel.New(scriptedmodel.Script{Answers: answers})
	server := httptest.NewServer(model)
	t.Cleanup(server.Close)
	return model, []string{"OPENAI_API_KEY=sk-test", "OPENAI_BASE_URL=" + server.URL + "/v1"}
}

type event struct {
	Type, Delta, Code string
	Input             *struct{ Messages []json.RawMessage }
}

// request posts the input of a run to a path of the runtime.
func (s *server) request(t *testing.T, path, thread string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	body := fmt.Sprintf(`{"threadId":%q,"runId":"r","state":{},"messages":[{"id":"m","role":"user","content":"Hi"}],"tools":[],"context":[],"forwardedProps":{}}`, thread)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, response.Status)
	}
	return response
}

// events reads a stream to its end, calling each for every event.
func events(t *testing.T, response *http.Response, each func(event)) {
	t.Helper()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		data, found := strings.CutPrefix(lines.Text(), "data: ")
		if !found {
			continue
		}
		var e event
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		each(e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// awaitLeft waits until the model sees that its connection is closed.
func awaitLeft(t *testing.T, model *scriptedmodel.Model) {
	t.Helper()
	select {
	case <-model.Left():
	case <-time.After(10 * time.Second):
		t.Error("the connection to the model is still open")
	}
}

func TestTheModelsDeltasComeOutInOrder(t *testing.T) {
	_, env := startModel(t, scriptedmodel.Answer{Text: "word ", Repeat: 500})
	s := start(t, env...)
	var types []string
	deltas := 0
	events(t, s.request(t, "/agent/default/run", "t"), func(e event) {
		types = append(types, e.Type)
		switch e.Type {
		case "RUN_STARTED":
			if e.Input == nil || len(e.Input.Messages) != 1 {
				t.Errorf("RUN_STARTED has the input %+v, want one message", e.Input)
			}
		case "TEXT_MESSAGE_CONTENT":
			deltas++
			if e.Delta != "word " {
				t.Errorf("delta %d is %q", deltas, e.Delta)
			}
		}
	})
	if deltas != 500 || types[0] != "RUN_STARTED" || types[len(types)-1] != "RUN_FINISHED" {
		t.Errorf("got %d deltas between %s and %s", deltas, types[0], types[len(types)-1])
	}
}

func TestStopEndsTheModelsAnswerAndConnectShowsWhatHadCome(t *testing.T) {
	model, env := startModel(t, scriptedmodel.Answer{Text: "word ", Repeat: 100000, PaceMs: 1})
	s := start(t, env...)
	var types []string
	seen := 0
	events(t, s.request(t, "/agent/default/run", "t"), func(e event) {
		types = append(types, e.Type)
		if seen += len(e.Delta) / 5; e.Type != "TEXT_MESSAGE_CONTENT" || seen != 5 {
			return
		}
		stopped, err := http.Post(s.url+"/agent/default/stop/t", "application/json", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer stopped.Body.Close()
		var answer struct {
			Stopped   bool
			Interrupt struct{ Code string }
		}
		if err := json.NewDecoder(stopped.Body).Decode(&answer); err != nil || !answer.Stopped || answer.Interrupt.Code != "STOPPED" {
			t.Errorf("stop answered %+v, %v", answer, err)
		}
	})
	awaitLeft(t, model)
	if end := types[len(types)-2:]; end[0] != "TEXT_MESSAGE_END" || end[1] != "RUN_FINISHED" {
		t.Errorf("the stream ends with %v", end)
	}
	shown := 0
	events(t, s.request(t, "/agent/default/connect", "t"), func(e event) { shown += len(e.Delta) / 5 })
	if shown != seen {
		t.Errorf("connect shows %d words, the run had %d", shown, seen)
	}
}

func TestWhatHappensWhenTheClientLeaves(t *testing.T) {
	tests := map[string]struct {
		env  string
		left bool
	}{
		"the run goes on by default":      {"COPILOTKIT_ON_DISCONNECT=", false},
		"the run is cancelled on request": {"COPILOTKIT_ON_DISCONNECT=cancel", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			model, env := startModel(t, scriptedmodel.Answer{Text: "word ", Repeat: 300, PaceMs: 5})
			s := start(t, append(env, test.env)...)
			run := s.request(t, "/agent/default/run", "t")
			// Before its first word the model may not have been asked yet.
			for lines := bufio.NewScanner(run.Body); !strings.Contains(lines.Text(), "TEXT_MESSAGE_CONTENT"); {
				if !lines.Scan() {
					t.Fatalf("the run has ended: %v", lines.Err())
				}
			}
			_ = run.Body.Close()

			// A client that connects now sees how it ends.
			words, last := 0, ""
			events(t, s.request(t, "/agent/default/connect", "t"), func(e event) {
				words += len(e.Delta) / 5
				last = e.Type
			})
			if test.left {
				awaitLeft(t, model)
			} else if model.Status().Left != 0 {
				t.Error("the model was left")
			}
			if whole := words == 300; whole == test.left || last != "RUN_FINISHED" {
				t.Errorf("got %d words, ending with %s", words, last)
			}
		})
	}
}

func TestShutdownWaitsForRunsButNotForWatchers(t *testing.T) {
	model, env := startModel(t, scriptedmodel.Answer{Text: "word ", Repeat: 50, PaceMs: 10})
	s := start(t, env...)
	for _, path := range []string{"/cpk-debug-events", "/cpk-debug-events/"} {
		watched, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer watched.Body.Close()
		if watched.StatusCode != http.StatusOK {
			t.Errorf("%s is answered %s", path, watched.Status)
		}
	}

	deltas, last := 0, ""
	events(t, s.request(t, "/agent/default/run", "t"), func(e event) {
		if last = e.Type; e.Type != "TEXT_MESSAGE_CONTENT" {
			return
		}
		if deltas++; deltas == 1 {
			s.interrupt()
		}
	})
	if deltas != 50 || last != "RUN_FINISHED" {
		t.Errorf("got %d deltas, ending with %s", deltas, last)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("serve returned %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("serve goes on though the run has finished")
	}
	if left := model.Status().Left; left != 0 {
		t.Errorf("the model was left %d times", left)
	}
}

func TestRunsThatDoNotFinishInTheGraceEndInGoodOrder(t *testing.T) {
	model, env := startModel(t, scriptedmodel.Answer{Text: "word ", Repeat: 100000, PaceMs: 1})
	env = append(env, "COPILOTKIT_STORE=sqlite://"+filepath.Join(t.TempDir(), "threads.db"))
	s := start(t, append(env, "COPILOTKIT_SHUTDOWN_SECONDS=0")...)
	var last, followed event
	follower := make(chan struct{})
	events(t, s.request(t, "/agent/default/run", "t"), func(e event) {
		if last.Type == "" {
			following := s.request(t, "/agent/default/connect", "t")
			go func() {
				defer close(follower)
				events(t, following, func(e event) { followed = e })
			}()
		}
		if last.Type != "TEXT_MESSAGE_CONTENT" && e.Type == "TEXT_MESSAGE_CONTENT" {
			s.interrupt()
		}
		last = e
	})
	<-follower
	if last.Type != "RUN_ERROR" || last.Code != "SHUTDOWN" || followed != last {
		t.Errorf("the run ended with %+v, and for its follower with %+v", last, followed)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("serve returned %v", err)
	}
	awaitLeft(t, model)

	// Its end is recorded, and its thread is free.
	next := start(t, append(env, "COPILOTKIT_SHUTDOWN_SECONDS=0")...)
	events(t, next.request(t, "/agent/default/connect", "t"), func(e event) { last = e })
	if last.Code != "SHUTDOWN" {
		t.Errorf("the next server shows an end with %+v", last)
	}
	next.request(t, "/agent/default/run", "t")
	next.interrupt()
}

func TestThreadsInSQLiteOutliveTheServer(t *testing.T) {
	_, env := startModel(t, scriptedmodel.Answer{Text: "word ", Repeat: 3})
	env = append(env, "COPILOTKIT_STORE=sqlite://"+filepath.Join(t.TempDir(), "threads.db"))
	first := start(t, env...)
	events(t, first.request(t, "/agent/default/run", "t"), func(event) {})
	first.interrupt()
	if err := <-first.ended; err != nil {
		t.Fatal(err)
	}

	var said strings.Builder
	events(t, start(t, env...).request(t, "/agent/default/connect", "t"), func(e event) { said.WriteString(e.Delta) })
	if said.String() != "word word word " {
		t.Errorf("the second server shows %q", said.String())
	}
}

func TestTheBannerNamesTheModel(t *testing.T) {
	tests := map[string]struct {
		env  []string
		want []string
	}{
		"without a key it is the demo, and says what to set": {nil, []string{"demo", "OPENAI_API_KEY is not set", "COPILOTKIT_MODEL=provider/model"}},
		"with a key it is the default one":                   {[]string{"OPENAI_API_KEY=sk-1"}, []string{"openai/gpt-4o"}},
		"the demo that was chosen":                           {[]string{"OPENAI_API_KEY=sk-1", "COPILOTKIT_MODEL=demo"}, []string{"demo", "Unset COPILOTKIT_MODEL"}},
		"a remote agent in its place":                        {[]string{"COPILOTKIT_AGENTS=default=http://u:p@127.0.0.1:1/run"}, []string{"none: the agent at http://redacted@127.0.0.1:1/run"}},
		"another one":                                        {[]string{"GROQ_API_KEY=gsk", "COPILOTKIT_MODEL=groq/llama"}, []string{"groq/llama"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, test.env...)
			for _, want := range test.want {
				if !strings.Contains(s.banner, want) {
					t.Errorf("%q is missing from\n%s", want, s.banner)
				}
			}
		})
	}
}

func TestAFrontEndIsServedToThisMachine(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "index.html"), []byte("the front end"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := start(t, "COPILOTKIT_STATIC="+folder)
	if !strings.Contains(s.banner, "/ from "+folder) || !strings.HasSuffix(s.site, "/playground/") {
		t.Errorf("the banner is\n%s", s.banner)
	}
	for host, want := range map[string]int{"": http.StatusOK, "rebound.example": http.StatusForbidden} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(s.site, "playground/"), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != want || (string(content) == "the front end") != (want == http.StatusOK) {
			t.Errorf("host %q: got %s %s, %v", host, response.Status, content, err)
		}
	}
}

func TestWhatIsWrongEndsTheServerWithItsName(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	tests := map[string]struct{ env, want string }{
		"a misspelt variable":                {"COPILOTKIT_PROMT=x", "COPILOTKIT_PROMPT"},
		"a model whose key is missing":       {"COPILOTKIT_MODEL=anthropic/claude", "ANTHROPIC_API_KEY"},
		"a front end that isn't there":       {"COPILOTKIT_STATIC=" + t.TempDir(), "has no index.html"},
		"what the image alone can do":        {"COPILOTKIT_AGENTCORE=on", "it works in the container image alone"},
		"a port that somebody else is using": {"PORT=" + port, "set PORT to another"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := serve(t.Context(), func() []string { return []string{test.env} }, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
			var envErr *bundle.EnvError
			if !strings.HasPrefix(test.env, "PORT") && !errors.As(err, &envErr) {
				t.Errorf("got %T, want an *EnvError", err)
			}
		})
	}
}

func TestPagesElsewhereCanNotReadThreads(t *testing.T) {
	tests := map[string]struct {
		env    []string
		origin string
		want   string
	}{
		"a page elsewhere":                {nil, "https://evil.test", ""},
		"a page without an origin":        {nil, "null", ""},
		"a front end of this machine":     {nil, "http://localhost:5173", "http://localhost:5173"},
		"a page elsewhere that is listed": {[]string{"COPILOTKIT_CORS_ORIGINS=https://a.example"}, "https://a.example", "https://a.example"},
		"all pages where they are let in": {[]string{"COPILOTKIT_CORS_ORIGINS=*"}, "https://evil.test", "*"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, append(test.env, "COPILOTKIT_MODEL=demo")...)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/threads?agentId=default", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Origin", test.origin)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if got := response.Header.Get("Access-Control-Allow-Origin"); response.StatusCode != http.StatusOK || got != test.want {
				t.Errorf("got %d, and %q is let in", response.StatusCode, got)
			}
		})
	}
}
