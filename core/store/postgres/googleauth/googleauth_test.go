package googleauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/store/postgres"
	"github.com/copilotkit-go/runtime/core/store/postgres/googleauth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// metadata starts a metadata server, and returns what asks it for passwords.
func metadata(t *testing.T, answer http.HandlerFunc) postgres.PasswordFunc {
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return googleauth.Password(func(name string) string {
		return map[string]string{"GCE_METADATA_HOST": strings.TrimPrefix(server.URL, "http://")}[name]
	})
}

func TestATokenIsKeptForAsLongAsItIsGood(t *testing.T) {
	asked, lasts := 0, 3600
	password := metadata(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Header.Get("Metadata-Flavor") != "Google" || r.URL.Path != "/computeMetadata/v1/instance/service-accounts/default/token" {
			t.Errorf("asked for %s, %v", r.URL, r.Header)
		}
		fmt.Fprintf(w, `{"access_token":"token %d","expires_in":%d,"token_type":"Bearer"}`, asked, lasts)
	})
	for range 3 {
		if token, err := password(t.Context(), postgres.Login{}); err != nil || token != "token 1" {
			t.Errorf("got %q, %v", token, err)
		}
	}
	short := 0
	password = metadata(t, func(w http.ResponseWriter, _ *http.Request) {
		short++
		fmt.Fprintf(w, `{"access_token":"token %d","expires_in":59}`, short)
	})
	for n := range 3 {
		if token, err := password(t.Context(), postgres.Login{}); err != nil || token != fmt.Sprint("token ", n+1) {
			t.Errorf("got %q, %v", token, err)
		}
	}
}

func TestWhatIsNoTokenIsAnError(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"another status": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret", http.StatusForbidden) },
		"no JSON":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "secret") },
		"no token":       func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"error":"secret"}`) },
	} {
		token, err := metadata(t, answer)(t.Context(), postgres.Login{})
		if err == nil || token != "" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %q, %v", name, token, err)
		}
	}
}
