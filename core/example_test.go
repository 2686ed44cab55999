package core_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// parrot is an agent in a few lines: it yields events. The runner adds the ones
// around them.
func parrot(_ context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		said := in.Messages[len(in.Messages)-1].Content.Text()
		_ = yield(agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleAssistant}, nil) &&
			yield(agui.TextMessageContentEvent{MessageID: "m1", Delta: "You said " + said}, nil) &&
			yield(agui.TextMessageEndEvent{MessageID: "m1"}, nil) &&
			yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID}, nil)
	}
}

func ExampleNew() {
	handler, err := core.New(core.Config{
		Agents:   map[string]agent.Agent{"default": agent.Func(parrot)},
		BasePath: "/api/copilotkit",
		CORS:     &core.CORS{},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/copilotkit/", handler)
	server := httptest.NewServer(mux)
	defer server.Close()

	response, err := http.Post(server.URL+"/api/copilotkit/agent/default/suggest", "application/json", strings.NewReader(
		`{"threadId":"t","runId":"r","state":{},"messages":[{"id":"1","role":"user","content":"hello"}],"tools":[],"context":[],"forwardedProps":{}}`))
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(os.Stdout, response.Body)
	// Output:
	// data: {"type":"RUN_STARTED","threadId":"t","runId":"r"}
	//
	// data: {"type":"TEXT_MESSAGE_START","messageId":"m1","role":"assistant"}
	//
	// data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"You said hello"}
	//
	// data: {"type":"TEXT_MESSAGE_END","messageId":"m1"}
	//
	// data: {"type":"RUN_FINISHED","threadId":"t","runId":"r"}
}

func ExampleHTTPError() {
	handler, err := core.New(core.Config{
		Agents: map[string]agent.Agent{"default": agent.Func(parrot)},
		Hooks: core.Hooks{
			OnRequest: func(r *http.Request) (*http.Request, error) {
				if r.Header.Get("Authorization") == "" {
					return nil, &core.HTTPError{Status: http.StatusUnauthorized, Body: "Unauthorized"}
				}
				return nil, nil // go on with r
			},
		}})
	if err != nil {
		log.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest("GET", "/info", nil))
	fmt.Println(recorder.Code, recorder.Body)
	// Output: 401 Unauthorized
}
