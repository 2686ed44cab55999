package oidc_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/oidc"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// Only users of the issuer may call, each with threads of their own.
func Example() {
	verifier, err := oidc.New(oidc.Config{
		Issuer:   "https://example.eu.auth0.com/",
		Audience: []string{"https://copilot.example.com"},
	})
	if err != nil {
		log.Fatal(err)
	}
	greet := agent.Func(func(ctx context.Context, _ *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			user, _ := access.UserFrom(ctx)
			yield(agui.TextMessageChunkEvent{MessageID: "m1", Role: agui.RoleAssistant, Delta: "Hello, " + user.Name, HasDelta: true}, nil)
		}
	})
	runtime, err := core.New(core.Config{
		Agents:   map[string]agent.Agent{"default": greet},
		Identify: verifier.Identify,
		Logger:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()

	answer := httptest.NewRecorder()
	runtime.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/info", nil))
	fmt.Println(answer.Code, answer.Header().Get("WWW-Authenticate"))
	// Output: 401 Bearer realm="copilotkit"
}
