package bundle_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// exampleEnv stands for os.Environ: the embedded model, which needs no key.
func exampleEnv() []string {
	return []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none", "COPILOTKIT_LOG_LEVEL=error"}
}

// ask posts a run to an agent, as a front end does, and returns its events.
func ask(handler http.Handler, agentID, question string) iter.Seq[map[string]any] {
	body, _ := json.Marshal(map[string]any{
		"threadId": "t", "runId": "r", "state": map[string]any{}, "tools": []any{}, "context": []any{}, "forwardedProps": map[string]any{},
		"messages": []any{map[string]any{"id": "1", "role": "user", "content": question}},
	})
	r := httptest.NewRequest("POST", "/api/copilotkit/agent/"+agentID+"/run", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return func(yield func(map[string]any) bool) {
		for lines := bufio.NewScanner(w.Body); lines.Scan(); {
			var event map[string]any
			if json.Unmarshal([]byte(strings.TrimPrefix(lines.Text(), "data: ")), &event) == nil && !yield(event) {
				return
			}
		}
	}
}

// Build the runtime that the environment describes, and mount it.
func ExampleNew() {
	runtime, err := bundle.New(context.Background(), exampleEnv) // os.Environ in a program
	if err != nil {
		log.Fatal(err) // names the variable that is wrong
	}
	defer runtime.Close()
	mux := http.NewServeMux()
	mux.Handle("/api/copilotkit/", runtime)
	server := httptest.NewServer(mux)
	defer server.Close()

	response, err := http.Get(server.URL + "/api/copilotkit/info")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	var info struct{ Agents map[string]any }
	if err := json.NewDecoder(response.Body).Decode(&info); err != nil {
		log.Fatal(err)
	}
	for name := range info.Agents {
		fmt.Println(response.StatusCode, name)
	}
	// Output: 200 default
}

// Add a tool that the built-in agent's model can call. Its schema comes from the
// Go types.
func ExampleWithTool() {
	type query struct {
		City string `json:"city" jsonschema:"the city to look up"`
	}
	type weather struct {
		Celsius float64 `json:"celsius"`
		Sky     string  `json:"sky"`
	}
	lookUp := agent.Tool("get_weather", "Returns the weather in a city.",
		func(_ context.Context, in query) (weather, error) {
			return weather{Celsius: 21, Sky: "clear over " + in.City}, nil
		})
	runtime, err := bundle.New(context.Background(), exampleEnv, bundle.WithTool(lookUp))
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()
	for event := range ask(runtime, "default", `call get_weather with {"city":"Oslo"}`) {
		if event["type"] == "TOOL_CALL_RESULT" {
			fmt.Println(event["content"])
		}
	}
	// Output: {"celsius":21,"sky":"clear over Oslo"}
}

// Add an agent beside the built-in one. It yields AG-UI events.
func ExampleWithAgent() {
	parrot := agent.Func(func(_ context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			said := in.Messages[len(in.Messages)-1].Content.Text()
			_ = yield(agui.TextMessageChunkEvent{MessageID: in.RunID, Role: agui.RoleAssistant, Delta: said, HasDelta: true}, nil) &&
				yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID}, nil)
		}
	})
	runtime, err := bundle.New(context.Background(), exampleEnv, bundle.WithAgent("parrot", parrot))
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()
	for event := range ask(runtime, "parrot", "hello") {
		fmt.Println(event["type"], event["delta"])
	}
	// Output:
	// RUN_STARTED <nil>
	// TEXT_MESSAGE_START <nil>
	// TEXT_MESSAGE_CONTENT hello
	// TEXT_MESSAGE_END <nil>
	// RUN_FINISHED <nil>
}

// Set what has no variable: hooks, owners of threads, details of CORS.
func ExampleWithConfig() {
	runtime, err := bundle.New(context.Background(), exampleEnv, bundle.WithConfig(func(config *core.Config) {
		config.Hooks.OnRequest = func(r *http.Request) (*http.Request, error) {
			if r.Header.Get("Authorization") == "" {
				return nil, &core.HTTPError{Status: http.StatusUnauthorized, Body: "Unauthorized"}
			}
			return nil, nil // keep r
		}
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()
	w := httptest.NewRecorder()
	runtime.ServeHTTP(w, httptest.NewRequest("GET", "/api/copilotkit/info", nil))
	fmt.Println(w.Code, w.Body)
	// Output: 401 Unauthorized
}

// Make a store of your own known to COPILOTKIT_STORE by the scheme of its
// addresses. The runtime's Close closes it.
func ExampleWithStore() {
	open := func(_ context.Context, address string) (store.Store, error) {
		fmt.Println("open", address)
		return memory.New(memory.Limits{}), nil // a store of your own
	}
	env := func() []string { return append(exampleEnv(), "COPILOTKIT_STORE=mydb://db.example.com/threads") }
	runtime, err := bundle.New(context.Background(), env, bundle.WithStore("mydb", open))
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()
	// Output: open mydb://db.example.com/threads
}

// On a function platform the first request builds the runtime.
func ExampleLazy() {
	handler := bundle.NewLazy(exampleEnv, bundle.WithLogger(slog.New(slog.DiscardHandler)))
	defer handler.Close()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/api/copilotkit/info", nil))
	fmt.Println(w.Code)
	// Output: 200
}

// Your own server lets runs finish when it gets a signal.
func ExampleServe() {
	ctx, stop := bundle.UntilSignal()
	defer stop()
	runtime, err := bundle.New(ctx, exampleEnv)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		response, err := http.Get("http://" + listener.Addr().String() + "/api/copilotkit/info")
		if err != nil {
			log.Print(err)
		} else {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			fmt.Println(response.Status)
		}
		stop() // as a signal would
	}()
	if err := bundle.Serve(ctx, &http.Server{Handler: runtime}, listener, runtime, 30*time.Second); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 200 OK
}
