package azure_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/signin/azure"
)

// platform is a scripted endpoint of tokens.
type platform struct {
	*httptest.Server
	calls atomic.Int32
	last  *http.Request
	// answers are statuses with bodies, the last of which is repeated.
	answers []answer
}

type answer struct {
	status int
	body   string
}

const granted = `{"access_token":"token-1","expires_in":"3600"}`

func newPlatform(t *testing.T, answers ...answer) *platform {
	t.Helper()
	p := &platform{answers: answers}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		p.last = r
		a := p.answers[min(int(p.calls.Add(1)), len(p.answers))-1]
		w.WriteHeader(a.status)
		fmt.Fprint(w, a.body)
	}))
	t.Cleanup(p.Close)
	return p
}

func environment(variables map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

func request(ctx context.Context) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "https://me.openai.azure.com/openai/v1/chat/completions", nil)
	return r
}

func TestTheEnvironmentSaysWhoTheProgramIs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("assertion\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		env    func(url string) map[string]string
		method string
		path   string
		want   map[string]string // of the form or the query
		header map[string]string
	}{
		"an app with a secret": {
			env: func(url string) map[string]string {
				return map[string]string{"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "app", "AZURE_CLIENT_SECRET": "secret", "AZURE_AUTHORITY_HOST": url + "/"}
			},
			method: "POST", path: "/tenant/oauth2/v2.0/token",
			want: map[string]string{"grant_type": "client_credentials", "client_id": "app", "client_secret": "secret", "scope": "https://cognitiveservices.azure.com/.default"},
		},
		"workload identity": {
			env: func(url string) map[string]string {
				return map[string]string{"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "app", "AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_AUTHORITY_HOST": url}
			},
			method: "POST", path: "/tenant/oauth2/v2.0/token",
			want: map[string]string{"client_assertion": "assertion", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_id": "app", "scope": "https://cognitiveservices.azure.com/.default"},
		},
		"App Service": {
			env: func(url string) map[string]string {
				return map[string]string{"IDENTITY_ENDPOINT": url + "/msi/token", "IDENTITY_HEADER": "header"}
			},
			method: "GET", path: "/msi/token",
			want:   map[string]string{"api-version": "2019-08-01", "resource": "https://cognitiveservices.azure.com", "client_id": ""},
			header: map[string]string{"X-Identity-Header": "header"},
		},
		"App Service with an identity of the user's": {
			env: func(url string) map[string]string {
				return map[string]string{"IDENTITY_ENDPOINT": url + "/msi/token", "IDENTITY_HEADER": "header", "AZURE_CLIENT_ID": "mine"}
			},
			method: "GET", path: "/msi/token", want: map[string]string{"client_id": "mine"},
		},
		"a virtual machine": {
			env:    func(url string) map[string]string { return map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": url} },
			method: "GET", path: "/metadata/identity/oauth2/token",
			want:   map[string]string{"api-version": "2018-02-01", "resource": "https://cognitiveservices.azure.com"},
			header: map[string]string{"Metadata": "true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t, answer{200, granted})
			sign := azure.SignIn(environment(test.env(p.URL)))
			for range 3 {
				r := request(t.Context())
				if err := sign(r, nil); err != nil || r.Header.Get("Authorization") != "Bearer token-1" {
					t.Fatalf("got %v with %v", r.Header, err)
				}
			}
			if p.calls.Load() != 1 || p.last.Method != test.method || p.last.URL.Path != test.path {
				t.Errorf("%d requests, the last one %s %s", p.calls.Load(), p.last.Method, p.last.URL.Path)
			}
			for field, want := range test.want {
				if got := p.last.Form.Get(field); got != want {
					t.Errorf("%s is %q, want %q", field, got, want)
				}
			}
			for field, want := range test.header {
				if got := p.last.Header.Get(field); got != want {
					t.Errorf("%s is %q, want %q", field, got, want)
				}
			}
		})
	}
}

func TestTheFormsOfAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		answers []answer
		says    string // of the error, empty for none
		calls   int32
	}{
		"a number of seconds":                {[]answer{{200, `{"access_token":"t","expires_in":3600}`}}, "", 1},
		"the time of its end":                {[]answer{{200, `{"access_token":"t","expires_on":"4102444800"}`}}, "", 1},
		"a busy endpoint":                    {[]answer{{429, ``}, {200, granted}}, "", 2},
		"an endpoint that is brought up":     {[]answer{{410, ``}, {200, granted}}, "", 2},
		"a refusal":                          {[]answer{{401, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"}`}}, "with AZURE_CLIENT_SECRET: status 401: invalid_client: AADSTS7000215: Invalid client secret provided.", 1},
		"no token":                           {[]answer{{200, `{}`}}, "no token", 1},
		"no JSON":                            {[]answer{{200, `<html>`}}, "no token", 1},
		"a token with a line break":          {[]answer{{200, `{"access_token":"a\nb","expires_in":1}`}}, "no token", 1},
		"no end":                             {[]answer{{200, `{"access_token":"t"}`}}, "how long", 1},
		"an end that is no time":             {[]answer{{200, `{"access_token":"t","expires_in":9223372036854775807}`}}, "how long", 1},
		"a redirect, which isn't followed":   {[]answer{{302, `x`}}, "status 302", 1},
		"a refusal that is no OAuth's error": {[]answer{{403, `{"error":{"code":"x"}}`}}, "status 403: Forbidden", 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t, test.answers...)
			sign := azure.SignIn(environment(map[string]string{"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "app", "AZURE_CLIENT_SECRET": "s3cret", "AZURE_AUTHORITY_HOST": p.URL}))
			err := sign(request(t.Context()), nil)
			if p.calls.Load() != test.calls {
				t.Errorf("%d requests", p.calls.Load())
			}
			if test.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			failed := (*model.Error)(nil)
			if !errors.As(err, &failed) || failed.Code != model.CodeAuthFailed || !strings.Contains(failed.Error(), test.says) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(failed.Error(), "s3cret") || strings.Contains(failed.Error(), p.URL) || strings.Contains(failed.Message, "AADSTS") {
				t.Errorf("the error says too much: %v", err)
			}
		})
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		says string
	}{
		"the file":                {map[string]string{"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "a", "AZURE_FEDERATED_TOKEN_FILE": "/nowhere"}, "AZURE_FEDERATED_TOKEN_FILE: read the file"},
		"an authority with https": {map[string]string{"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "a", "AZURE_CLIENT_SECRET": "s", "AZURE_AUTHORITY_HOST": "http://login.example"}, "AZURE_AUTHORITY_HOST is not an https URL"},
		"an identity":             {map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1"}, "the managed identity of the machine (no other is configured)"},
	} {
		t.Run(name, func(t *testing.T) {
			err := azure.SignIn(environment(test.env))(request(t.Context()), nil)
			if failed := (*model.Error)(nil); !errors.As(err, &failed) || failed.Code != model.CodeAuthFailed || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestARequestThatEndsIsNoFailureToSignIn(t *testing.T) {
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hung.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := azure.SignIn(environment(map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": hung.URL}))(request(ctx), nil)
	if failed := (*model.Error)(nil); !errors.Is(err, context.Canceled) || errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
}

// FuzzAnswer answers with anything. What is signed with it must be a header.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{granted, `{"access_token":"t","expires_on":"4102444800"}`, `{"access_token":1}`, `{"error":"e","error_description":"d"}`, `[`, ``} {
		f.Add(200, seed)
		f.Add(400, seed)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 499 || status == 429 || status == 410 {
			status = 200
		}
		p := newPlatform(t, answer{status, body})
		r := request(t.Context())
		err := azure.SignIn(environment(map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": p.URL}))(r, nil)
		if value := r.Header.Get("Authorization"); (err == nil) != (value != "") || strings.ContainsAny(value, "\r\n") {
			t.Errorf("signed with %q, %v", value, err)
		}
		if err == nil && !json.Valid([]byte(body)) {
			t.Errorf("%q has a token", body)
		}
	})
}
