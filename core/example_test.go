package core_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// parrot is an agent in a few lines: from a run's input to AG-UI events. The
// runtime adds RUN_STARTED, and makes a whole message of the chunk.
func parrot(_ context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		said := in.Messages[len(in.Messages)-1].Content.Text()
		_ = yield(agui.TextMessageChunkEvent{
			MessageID: "m1", Role: agui.RoleAssistant, Delta: "You said " + said, HasDelta: true,
		}, nil) && yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID}, nil)
	}
}

// ask posts a run to an agent, as a front end does, and prints what comes back.
func ask(handler http.Handler, path string) {
	r := httptest.NewRequest("POST", path, strings.NewReader(`{"threadId":"t","runId":"r","state":{},
		"messages":[{"id":"1","role":"user","content":"hello"}],"tools":[],"context":[],"forwardedProps":{}}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	for event := range strings.SplitSeq(strings.TrimSpace(w.Body.String()), "\n\n") {
		fmt.Println(event)
	}
}

// Mount the runtime beside other routes, and close it at the end. It strips its
// base path itself.
func Example_mount() {
	runtime, err := core.New(core.Config{
		Agents:   map[string]agent.Agent{"default": agent.Func(parrot)},
		BasePath: "/api/copilotkit",
		CORS:     &core.CORS{Origins: []string{"https://app.example.com"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()
	mux := http.NewServeMux()
	mux.Handle("/api/copilotkit/", runtime)

	ask(mux, "/api/copilotkit/agent/default/suggest")
	// Output:
	// data: {"type":"RUN_STARTED","threadId":"t","runId":"r"}
	// data: {"type":"TEXT_MESSAGE_START","messageId":"m1","role":"assistant"}
	// data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"You said hello"}
	// data: {"type":"TEXT_MESSAGE_END","messageId":"m1"}
	// data: {"type":"RUN_FINISHED","threadId":"t","runId":"r"}
}

// A hook refuses a request with an error that carries the answer.
func ExampleHooks() {
	runtime, err := core.New(core.Config{
		Agents: map[string]agent.Agent{"default": agent.Func(parrot)},
		Hooks: core.Hooks{
			OnRequest: func(r *http.Request) (*http.Request, error) {
				if r.Header.Get("Authorization") == "" {
					return nil, &core.HTTPError{Status: http.StatusUnauthorized, Body: "Unauthorized"}
				}
				return nil, nil // keep r
			},
			OnResponse: func(_ *http.Request, route core.Route, response *core.Response) error {
				response.Header.Set("X-Route", string(route.Name))
				return nil
			},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()
	for _, authorization := range []string{"", "Bearer token"} {
		r := httptest.NewRequest("GET", "/info", nil)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		runtime.ServeHTTP(w, r)
		fmt.Printf("%d %q\n", w.Code, w.Header().Get("X-Route"))
	}
	// Output:
	// 401 ""
	// 200 "info"
}

// Give users their own threads.
func ExampleConfig_identify() {
	users := map[string]string{"Bearer token-of-ann": "ann"}
	runtime, err := core.New(core.Config{
		Agents: map[string]agent.Agent{"default": agent.Func(parrot)},
		Identify: func(r *http.Request) (access.User, error) {
			user, ok := users[r.Header.Get("Authorization")]
			if !ok {
				return access.User{}, &access.Error{Reason: errors.New("no such token")}
			}
			return access.User{ID: user}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()
	for _, authorization := range []string{"Bearer nonsense", "Bearer token-of-ann"} {
		r := httptest.NewRequest("GET", "/threads", nil)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		runtime.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 401 {"error":"Unauthorized","code":"unauthorized"}
	// 200 {"threads":[],"nextCursor":null}
}

// Use your own store, and close it after the runtime. This one adds a log to the
// store in memory.
func ExampleConfig_store() {
	threads := logging{memory.New(memory.Limits{})}
	runtime, err := core.New(core.Config{
		Agents: map[string]agent.Agent{"default": agent.Func(parrot)},
		Store:  threads,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() {
		if err := errors.Join(runtime.Close(), threads.Close()); err != nil {
			log.Print(err)
		}
	}()
	ask(runtime, "/agent/default/run")
	// Output:
	// thread t begins run r
	// data: {"type":"RUN_STARTED","threadId":"t","runId":"r","input":{"threadId":"t","runId":"r","state":{},"messages":[{"id":"1","role":"user","content":"hello"}],"tools":[],"context":[],"forwardedProps":{}}}
	// data: {"type":"TEXT_MESSAGE_START","messageId":"m1","role":"assistant"}
	// data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"You said hello"}
	// data: {"type":"TEXT_MESSAGE_END","messageId":"m1"}
	// data: {"type":"RUN_FINISHED","threadId":"t","runId":"r"}
}

type logging struct{ store.Store }

func (s logging) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	fmt.Println("thread", request.Key.ID, "begins run", request.RunID)
	return s.Store.Begin(ctx, request)
}

// Use each answer before its request ends.
func ExampleAnswer() {
	runtime, err := core.New(core.Config{
		Agents: map[string]agent.Agent{"default": agent.Func(parrot)},
		Hooks: core.Hooks{
			AfterRequest: func(_ *http.Request, answer core.Answer) error {
				for _, message := range answer.Messages {
					fmt.Printf("thread %s, %s: %s\n", answer.ThreadID, message.Role, message.Content.Text())
				}
				return nil // an error would be logged
			},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()
	r := httptest.NewRequest("POST", "/agent/default/run", strings.NewReader(`{"threadId":"t","runId":"r","state":{},
		"messages":[{"id":"1","role":"user","content":"hello"}],"tools":[],"context":[],"forwardedProps":{}}`))
	r.Header.Set("Content-Type", "application/json")
	runtime.ServeHTTP(httptest.NewRecorder(), r)
	// Output: thread t, assistant: You said hello
}
