package check_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/copilotkit-go/runtime/core/bundle/check"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
)

// environment checks an environment, for a server unless another platform is named.
func environment(t *testing.T, online bool, limit time.Duration, entries ...string) *check.Report {
	t.Helper()
	return check.Environment(t.Context(), check.Config{
		Env: func() []string { return entries }, Platform: platforms.Server(), Online: online, Limit: limit,
	})
}

// all returns the report as text and as JSON.
func all(t *testing.T, r *check.Report) string {
	t.Helper()
	encoded, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return r.Text() + string(encoded)
}

// Each value is one that a deployment may have in that place.
func TestNoSecretIsShown(t *testing.T) {
	const secret = "hunter2-hunter2"
	var asked atomic.Int32
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// It quotes all that it was sent.
		asked.Add(1)
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, r.URL.String(), r.Header, r.Host)
	}))
	defer peer.Close()
	here := strings.TrimPrefix(peer.URL, "http://")
	for name, entries := range map[string][]string{
		"the key of a provider":        {"OPENAI_API_KEY=" + secret, "OPENAI_BASE_URL=" + peer.URL},
		"the key, with quotes":         {`OPENAI_API_KEY="` + secret + `"`},
		"in a provider's address":      {"OPENAI_API_KEY=x", "OPENAI_BASE_URL=http://u:" + secret + "@" + here + "/?key=" + secret},
		"a token":                      {"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:" + secret},
		"a token that is too short":    {"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=" + secret},
		"the key of sessions":          {"COPILOTKIT_AUTH=session", "COPILOTKIT_SESSION_KEY=" + secret},
		"the password of a store":      {"COPILOTKIT_STORE=redis://u:" + secret + "@" + here + "/0"},
		"in the query of a store":      {"COPILOTKIT_STORE=postgres://" + here + "/db?password=" + secret},
		"in what is no store":          {"COPILOTKIT_STORE=mysql://u:" + secret + "@h/"},
		"in an address that is none":   {"COPILOTKIT_STORE=redis://u:" + secret + "%zz@h/"},
		"in an agent's address":        {"COPILOTKIT_AGENTS=a=http://u:" + secret + "@" + here + "/" + secret + "?k=" + secret},
		"in an agent's headers":        {`COPILOTKIT_AGENTS={"a":{"url":"` + peer.URL + `","headers":{"X-Team":"` + secret + `"}}}`},
		"in the path of an MCP server": {"COPILOTKIT_MCP_SERVERS=a=" + peer.URL + "/s/" + secret + "/mcp"},
		"in an MCP server's headers":   {`COPILOTKIT_MCP_SERVERS={"a":{"url":"` + peer.URL + `","headers":{"Authorization":"Bearer ` + secret + `"}}}`},
		"the secret of a client": {`COPILOTKIT_MCP_SERVERS={"a":{"url":"` + peer.URL + `","oauth":{"tokenUrl":"` + peer.URL + `","clientId":"c","clientSecret":"` +
			secret + `"}}}`},
		"in the headers of telemetry":    {"OTEL_EXPORTER_OTLP_ENDPOINT=https://u:" + secret + "@h/" + secret, "OTEL_EXPORTER_OTLP_HEADERS=x=" + secret},
		"what isn't this runtime's":      {"COPILOTKIT_ENV=" + secret, "GITHUB_TOKEN=" + secret},
		"the prompt":                     {"COPILOTKIT_PROMPT=" + secret},
		"in a variable that is misspelt": {"COPILOTKIT_SESION_KEY=" + secret},
	} {
		t.Run(name, func(t *testing.T) {
			defaults := map[string]string{"COPILOTKIT_MODEL": "openai/x", "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": peer.URL, "COPILOTKIT_AUTH": "none"}
			for _, entry := range entries {
				variable, _, _ := strings.Cut(entry, "=")
				delete(defaults, variable)
			}
			for _, variable := range slices.Sorted(maps.Keys(defaults)) {
				entries = append(entries, variable+"="+defaults[variable])
			}
			if text := all(t, environment(t, true, time.Second, entries...)); strings.Contains(text, secret) {
				t.Errorf("it is shown: %s", text)
			}
		})
	}
	if asked.Load() == 0 {
		t.Error("nobody was asked")
	}
}

func TestValuesCanNotCommandATerminal(t *testing.T) {
	for _, value := range []string{"\x1b[2J\x1b]0;owned\x07", "a\rb", "\u202egnp.exe", "\x00\x7f\u0085", "\xff\xfe", strings.Repeat("\x1b[31m", 10_000)} {
		for _, variable := range []string{
			"COPILOTKIT_ENV", "COPILOTKIT_MODEL", "COPILOTKIT_BASE_PATH", "COPILOTKIT_CORS_ORIGINS", "COPILOTKIT_STORE", "COPILOTKIT_AGENTS", "COPILOTKIT_PROMPT",
			"COPILOTKIT_\x1b[2J", "COPILOTKIT_STATIC", "OTEL_METRICS_EXPORTER", "COPILOTKIT_OIDC_AUDIENCE",
		} {
			r := environment(t, false, 0, variable+"="+value, "COPILOTKIT_AUTH=none")
			text := r.Text()
			if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
				t.Errorf("%q: there is %q in %q", variable, text[i:i+1], text)
			}
			if len(text) > 20_000 {
				t.Errorf("%q: the text has %d bytes", variable, len(text))
			}
		}
	}
}

func TestAMegabyteOfAValueIsNotShown(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	for _, variable := range []string{
		"COPILOTKIT_ENV", "COPILOTKIT_MODEL", "OPENAI_API_KEY", "COPILOTKIT_BASE_PATH", "COPILOTKIT_CORS_ORIGINS", "COPILOTKIT_STORE",
		"COPILOTKIT_AGENTS", "COPILOTKIT_MCP_SERVERS", "COPILOTKIT_AUTH_TOKENS", "COPILOTKIT_" + large,
	} {
		begun := time.Now()
		if text := all(t, environment(t, false, 0, variable+"="+large, "COPILOTKIT_AUTH=none")); len(text) > 20_000 {
			t.Errorf("%.40s: the report has %d bytes", variable, len(text))
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%.40s took %v", variable, took)
		}
	}
}

// silent takes connections and says nothing.
func silent(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var held []net.Conn
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			held = append(held, conn)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-ended
		for _, conn := range held {
			_ = conn.Close()
		}
	})
	return listener.Addr().String()
}

func TestPeersThatNeverAnswerEndAtTheLimit(t *testing.T) {
	address := silent(t)
	begun := time.Now()
	r := environment(t, true, time.Second,
		"OPENAI_API_KEY=k", "OPENAI_BASE_URL=http://"+address+"/v1", "COPILOTKIT_MODEL=openai/a,openai/b",
		"COPILOTKIT_STORE=postgres://"+address+"/db?sslmode=disable",
		"COPILOTKIT_AUTH=oidc", "COPILOTKIT_OIDC_AUDIENCE=a", "COPILOTKIT_OIDC_ISSUER=http://"+address,
		"COPILOTKIT_AGENTS=a=http://"+address, "COPILOTKIT_MCP_SERVERS=m=http://"+address, "COPILOTKIT_MCP_APPS=n=http://"+address)
	if took := time.Since(begun); took > 8*time.Second {
		t.Errorf("it took %v", took)
	}
	if len(r.Trials) != 7 {
		t.Errorf("%d were tried: %s", len(r.Trials), r.Text())
	}
	for _, trial := range r.Trials {
		if trial.OK {
			t.Errorf("%s is fine: %s", trial.Name, trial.Text)
		}
	}
	if r = check.Deployed(t.Context(), check.Deployment{URL: "http://" + address, Limit: time.Second, Run: true}); r.Problems() == 0 || !strings.Contains(r.Text(), "no answer in time") {
		t.Errorf("got %s", r.Text())
	}
}

func TestRedirectsToWhereCloudsKeepCredentialsAreNotFollowed(t *testing.T) {
	peer := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/latest/meta-data/", http.StatusTemporaryRedirect))
	defer peer.Close()
	r := environment(t, true, 5*time.Second,
		"COPILOTKIT_AUTH=oidc", "COPILOTKIT_OIDC_AUDIENCE=a", "COPILOTKIT_OIDC_ISSUER="+peer.URL, "OPENAI_API_KEY=k", "OPENAI_BASE_URL="+peer.URL,
		"COPILOTKIT_AGENTS=a="+peer.URL, "COPILOTKIT_MCP_SERVERS=m="+peer.URL)
	for _, trial := range r.Trials {
		if trial.OK || trial.Seconds > 4 {
			t.Errorf("%+v", trial)
		}
	}
	if text := r.Text(); len(r.Trials) != 4 || !strings.Contains(text, "redirects to somewhere else") {
		t.Error(text)
	}
	if r := check.Deployed(t.Context(), check.Deployment{URL: peer.URL + "/api/copilotkit"}); !strings.Contains(r.Text(), "redirects to somewhere else") {
		t.Error(r.Text())
	}
}

func TestPeersThatSendALotAreCutOff(t *testing.T) {
	piece := strings.Repeat("x", 64<<10)
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/mcp" {
			fmt.Fprint(w, `{"jsonrpc":"2.0","id":1,"result":{"serverInfo":{"name":"`)
		}
		for range 160 { // 10 MB
			if _, err := fmt.Fprint(w, piece); err != nil {
				return
			}
		}
	}))
	defer peer.Close()
	r := environment(t, true, 5*time.Second,
		"COPILOTKIT_AUTH=oidc", "COPILOTKIT_OIDC_AUDIENCE=a", "COPILOTKIT_OIDC_ISSUER="+peer.URL, "OPENAI_API_KEY=k", "OPENAI_BASE_URL="+peer.URL,
		"COPILOTKIT_AGENTS=a="+peer.URL, "COPILOTKIT_MCP_SERVERS=m="+peer.URL+"/mcp")
	if text := all(t, r); len(text) > 20_000 {
		t.Errorf("the report has %d bytes", len(text))
	}
	for _, trial := range r.Trials {
		if trial.OK && !strings.HasPrefix(trial.Name, "agent") {
			t.Errorf("%+v", trial)
		}
	}
	deployed := check.Deployed(t.Context(), check.Deployment{URL: peer.URL, Origin: "https://a.example", Run: true})
	if text := all(t, deployed); deployed.Problems() == 0 || len(text) > 20_000 {
		t.Errorf("%d problems, %d bytes", deployed.Problems(), len(text))
	}
}
