package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// checked runs the check with an environment, and returns what it says with single spaces.
func checked(t *testing.T, env []string, args ...string) (text string, code int) {
	t.Helper()
	var out, messages buffer
	code = check(t.Context(), args, func() []string { return env }, streams{strings.NewReader(""), &out, &messages})
	if messages.Len() > 0 {
		t.Errorf("messages: %s", messages.String())
	}
	return strings.Join(strings.Fields(out.String()), " "), code
}

// answering is a server that answers every request alike.
func answering(t *testing.T, status int, body string) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const secretKey = "sk-proj-0123456789abcdef"

// openAI and the others are an environment that is fine but for what a provider says.
func openAI(address string) []string {
	return []string{"OPENAI_API_KEY=" + secretKey, "OPENAI_BASE_URL=" + address + "/v1", "COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:0123456789abcdef0123"}
}

func anthropic(address string) []string {
	return []string{"ANTHROPIC_API_KEY=sk-ant-0123456789abcdef", "ANTHROPIC_BASE_URL=" + address, "COPILOTKIT_MODEL=anthropic/claude-opus-9",
		"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:0123456789abcdef0123"}
}

func bedrock(address string) []string {
	return []string{"AWS_ENDPOINT_URL_BEDROCK_RUNTIME=" + address, "COPILOTKIT_MODEL=bedrock/eu.amazon.nova-lite-v1:0",
		"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:0123456789abcdef0123"}
}

// serving is a runtime on this machine, behind something.
func serving(t *testing.T, front func(next http.Handler) http.Handler, env ...string) (site string) {
	t.Helper()
	runtime, err := bundle.New(t.Context(), func() []string { return env })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(front(runtime))
	t.Cleanup(func() {
		server.Close()
		if err := runtime.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

func plain(next http.Handler) http.Handler { return next }

var public = []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none", "COPILOTKIT_LOG_LEVEL=error"}

// bufferingProxy keeps every answer until it is complete, as proxies do that aren't told not to.
func bufferingProxy(t *testing.T, target string) (site string) {
	t.Helper()
	address, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(address) },
		ModifyResponse: func(response *http.Response) error {
			whole, err := io.ReadAll(response.Body)
			response.Body = io.NopCloser(strings.NewReader(string(whole)))
			return err
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

// wrongIssuer is an issuer of tokens whose clock goes wrong.
func wrongIssuer(t *testing.T, by time.Duration) (address string) {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q,"id_token_signing_alg_values_supported":["ES256"]}`, server.URL, server.URL+"/keys")
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"keys":[{"kty":"EC","crv":"P-256","use":"sig","kid":"1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`)
	})
	return server.URL
}

// The ten mistakes that people make first, each with the real thing behind it.
func TestTheCheckSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	redisServer, certificate := redistest.StartTLS(t)
	slow := scriptedmodel.New(scriptedmodel.Script{Answers: []scriptedmodel.Answer{{Text: "one two three four five six seven eight ", PaceMs: 40}}})
	slowModel := httptest.NewServer(slow)
	defer slowModel.Close()
	streaming := serving(t, plain, "COPILOTKIT_AUTH=none", "OPENAI_API_KEY=x", "OPENAI_BASE_URL="+slowModel.URL+"/v1", "COPILOTKIT_LOG_LEVEL=error")
	multi := serving(t, plain, append(public, "COPILOTKIT_CORS_ORIGINS=https://app.example.com")...)
	single := serving(t, plain, append(public, "COPILOTKIT_ENDPOINT=single-route")...)
	stripped := serving(t, func(next http.Handler) http.Handler { return http.StripPrefix("/api/copilotkit", next) }, public...)
	shorter := serving(t, func(next http.Handler) http.Handler { return http.StripPrefix("/api", next) }, public...)
	twice := serving(t, plain, append(public, "COPILOTKIT_BASE_PATH=/api/copilotkit/api/copilotkit")...)
	tokens := serving(t, plain, "COPILOTKIT_MODEL=demo", "COPILOTKIT_LOG_LEVEL=error", "COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:0123456789abcdef0123")
	wrongToken := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(wrongToken, []byte("of-another-deployment\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	withStore := func(address string) []string {
		return []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:0123456789abcdef0123", "COPILOTKIT_STORE=" + address}
	}
	oidc := func(issuer string) []string {
		return []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=oidc", "COPILOTKIT_OIDC_AUDIENCE=app", "COPILOTKIT_OIDC_ISSUER=" + issuer}
	}
	secure := strings.Replace(redisServer.URL(), "redis:", "rediss:", 1) + "?ca=" + certificate
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY")
	t.Setenv("AWS_REGION", "eu-west-1")

	for name, test := range map[string]struct {
		env  []string
		args []string
		code int
		want []string
	}{
		"a wrong key, at OpenAI": {
			openAI(answering(t, 401, `{"error":{"message":"Incorrect API key provided: `+secretKey+`.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`)),
			[]string{"--online"}, 1,
			[]string{"NOT FINE model openai/gpt-4o: the key is refused", "OPENAI_API_KEY: the provider of openai/gpt-4o refuses the key", "Do: Set OPENAI_API_KEY to a key that the provider lists as active",
				"the key that it refused is that of OPENAI_API_KEY"},
		},
		"a wrong key, at Anthropic": {
			anthropic(answering(t, 401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`)), []string{"--online"}, 1,
			[]string{"ANTHROPIC_API_KEY: the provider of anthropic/claude-opus-9 refuses the key", "invalid x-api-key"},
		},
		"a wrong key, by its looks": {
			[]string{"OPENAI_API_KEY=sk-ant-0123456789", "COPILOTKIT_AUTH=none"}, nil, 1, []string{"OPENAI_API_KEY: it is a key of Anthropic's", "COPILOTKIT_MODEL=anthropic/…"},
		},
		"no key, but that of another provider": {
			[]string{"ANTHROPIC_API_KEY=sk-ant-0123456789", "COPILOTKIT_AUTH=none"}, nil, 1,
			[]string{"OPENAI_API_KEY: not set", "ANTHROPIC_API_KEY is set, which is for COPILOTKIT_MODEL=anthropic/…"},
		},
		"a wrong model, at OpenAI": {
			openAI(answering(t, 404, `{"error":{"message":"The model gpt-9 does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}`)),
			[]string{"--online"}, 1,
			[]string{"COPILOTKIT_MODEL: the provider has no model openai/gpt-4o", "Do: Correct the part behind the slash"},
		},
		"a wrong model, at Anthropic": {
			anthropic(answering(t, 404, `{"type":"error","error":{"type":"not_found_error","message":"model: claude-opus-9"}}`)), []string{"--online"}, 1,
			[]string{"COPILOTKIT_MODEL: the provider has no model anthropic/claude-opus-9"},
		},
		"a quota that is used up": {
			openAI(answering(t, 429, `{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","code":"insufficient_quota"}}`)), []string{"--online"}, 1,
			[]string{"OPENAI_API_KEY: the account of the key has nothing left to spend"},
		},
		"no network to the provider": {
			openAI("http://127.0.0.1:1"), []string{"--online"}, 1, []string{"OPENAI_BASE_URL: the provider of openai/gpt-4o isn't reached: nothing listens at its port"},
		},
		"a port that is taken": {
			[]string{"PORT=" + port}, []string{"--for", "local"}, 1, []string{"PORT: port " + port + " is taken by another program", "Do: End that program, or set PORT to another"},
		},
		"CORS": {
			nil, []string{"--url", multi + "/api/copilotkit", "--origin", "https://www.example.com"}, 1,
			[]string{"COPILOTKIT_CORS_ORIGINS: pages of https://www.example.com can't call: the answer to the preflight has no Access-Control-Allow-Origin", "Do: Add the origin"},
		},
		"the base path twice, by a router": {
			nil, []string{"--url", stripped + "/api/copilotkit"}, 1, []string{
				"COPILOTKIT_BASE_PATH: the runtime isn't at this path, but at /api/copilotkit/api/copilotkit of the same host: the base path is there twice",
				"Why: A router or proxy in front takes it off, and the runtime expects it again", "Do: Set COPILOTKIT_BASE_PATH to what a router or proxy leaves of the path",
			},
		},
		"the base path twice, in the variable": {
			append(public, "COPILOTKIT_BASE_PATH=/api/copilotkit/api/copilotkit"), nil, 1, []string{"COPILOTKIT_BASE_PATH: it has the same path twice", "Do: Set it to /api/copilotkit."},
		},
		"the base path twice, at the deployment": {
			nil, []string{"--url", twice + "/api/copilotkit"}, 1, []string{"the runtime isn't at this path, but at /api/copilotkit/api/copilotkit of the same host"},
		},
		"a proxy that takes a part of the path off": {
			nil, []string{"--url", shorter + "/api/copilotkit"}, 1, []string{"COPILOTKIT_BASE_PATH: the runtime is there, and gets paths without its base path", "Do: Set COPILOTKIT_BASE_PATH to what"},
		},
		"a multi-route front end against a single-route runtime": {
			nil, []string{"--url", single + "/api/copilotkit", "--endpoint", "multi-route"}, 1,
			[]string{"COPILOTKIT_ENDPOINT: the runtime is single-route, and the front end expects multi-route", "Do: Set useSingleEndpoint"},
		},
		"a single-route front end against a multi-route runtime": {
			nil, []string{"--url", multi + "/api/copilotkit", "--endpoint", "single-route"}, 1,
			[]string{"COPILOTKIT_ENDPOINT: the runtime is multi-route, and the front end expects single-route", "Do: Leave useSingleEndpoint out"},
		},
		"a proxy that buffers": {
			nil, []string{"--url", bufferingProxy(t, streaming) + "/api/copilotkit", "--run"}, 1, []string{"the answer of a run comes in one piece", "proxy_buffering off"},
		},
		"no proxy that buffers": {
			nil, []string{"--url", streaming + "/api/copilotkit", "--run"}, 0, []string{"fine a run: 12 events at ", "no problems"},
		},
		"Redis without TLS": {
			withStore(redisServer.URL()), []string{"--online"}, 1, []string{"COPILOTKIT_STORE: the store hangs up without a word, as a Redis does that takes TLS alone", "Do: Begin the address with rediss://"},
		},
		"Redis without TLS, by its name": {
			withStore("redis://default:hunter2hunter2@eu1-fine.upstash.io:6379"), nil, 1, []string{"eu1-fine.upstash.io takes connections with TLS alone", "Do: Begin it with rediss://"},
		},
		"Redis with TLS": {
			withStore(secure), []string{"--online"}, 0, []string{"fine the store: a thread was written, read and deleted"},
		},
		"no decision who may call": {
			[]string{"COPILOTKIT_MODEL=demo"}, []string{"--for", "lambda"}, 1, []string{"COPILOTKIT_AUTH: it isn't set, and nobody else decides who may call", "Do: Set it to oidc if users sign in somewhere"},
		},
		"a deployment that wants a token": {
			nil, []string{"--url", tokens + "/api/copilotkit"}, 0, []string{"it wants a token, without which no more can be seen", "--token-from FILE"},
		},
		"a deployment that refuses the token": {
			nil, []string{"--url", tokens + "/api/copilotkit", "--token-from", wrongToken}, 1, []string{"the token is refused: 401"},
		},
		"an issuer whose clock is ahead": {
			oidc(wrongIssuer(t, 5*time.Minute)), []string{"--online"}, 1, []string{"the clock of the issuer of tokens is ", "ahead of this machine's", "Tokens are rejected", "Do: Let both set their clocks by NTP"},
		},
		"an issuer whose clock is right": {
			oidc(wrongIssuer(t, 0)), []string{"--online"}, 0, []string{"fine the issuer of tokens: it has 1 keys"},
		},
		"a signature of another time": {
			bedrock(answering(t, 403, `{"message":"Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z (20260101T010500Z - 5 min.)"}`)), []string{"--online"}, 1,
			[]string{"the provider of bedrock/eu.amazon.nova-lite-v1:0 says that the request was signed at another time than now", "Do: Set this machine's clock"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			text, code := checked(t, test.env, test.args...)
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing", want)
				}
			}
			for _, secret := range []string{secretKey, "hunter2hunter2", "0123456789abcdef", "wJalrXUtn", "of-another-deployment"} {
				if strings.Contains(text, secret) {
					t.Errorf("%q is shown", secret)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}

// heard has what the Redis driver logs.
type heard struct{ lines chan string }

func (h heard) Printf(_ context.Context, format string, values ...any) {
	select {
	case h.lines <- fmt.Sprintf(format, values...):
	default:
	}
}

func TestTheReportAloneSaysThatRedisIsNotReached(t *testing.T) {
	h := heard{make(chan string, 1)}
	goredis.SetLogger(h)
	t.Cleanup(logging.Enable)
	for _, entry := range append(public, "COPILOTKIT_STORE=redis://127.0.0.1:1") {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	out, messages, code := command(t, nil, "check", "--online")
	if code != 1 || messages != "" || !strings.Contains(string(out), "nothing listens at its port") {
		t.Errorf("code %d, %q, %s", code, messages, out)
	}
	select {
	case line := <-h.lines:
		t.Errorf("the driver says %q, too", line)
	default:
	}
}
