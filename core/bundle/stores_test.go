package bundle_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store/postgres"
	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
)

func TestADatabaseIsSignedInToWithAnIdentity(t *testing.T) {
	server := postgrestest.Start(t, "password_encryption=scram-sha-256")
	server.Exec(t, "CREATE ROLE guarded LOGIN PASSWORD 'token'; GRANT CREATE ON DATABASE postgres TO guarded")
	server.RequirePasswords(t, "guarded")
	for name, option := range map[string]bundle.Option{
		"google": bundle.WithSignIn("google", func(request *http.Request, _ []byte) error {
			request.Header.Set("Authorization", "Bearer token")
			return nil
		}),
		"own": bundle.WithDatabasePassword("own", func(context.Context, postgres.Login) (string, error) { return "token", nil }),
	} {
		environment := func() []string {
			return []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none", "COPILOTKIT_STORE=" + server.URLFor("guarded") + "&iam=" + name}
		}
		runtime, err := bundle.New(t.Context(), environment, option, bundle.WithLogger(slog.New(slog.DiscardHandler)))
		if err != nil {
			t.Fatal(err)
		}
		defer runtime.Close()
		answer := httptest.NewRecorder()
		runtime.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/copilotkit/threads/none/messages", nil))
		if answer.Code != http.StatusNotFound && answer.Code != http.StatusOK {
			t.Errorf("%s: the store answers %d %s", name, answer.Code, answer.Body)
		}
		_, err = bundle.New(t.Context(), environment)
		if err == nil || !strings.Contains(err.Error(), "iam: this program has no") {
			t.Errorf("without it: %v", err)
		}
	}
}
