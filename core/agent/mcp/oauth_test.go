package mcp_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent/mcp"
)

const clientSecret = "a secret&with=signs"

// protected is an MCP server with its authorization server.
type protected struct {
	*httptest.Server
	mu sync.Mutex
	// life is what the endpoint says of its tokens, status its answer if it isn't 200.
	life   string
	status int
	// given counts the tokens, accepted is the one that the server takes.
	given    int
	accepted string
	forms    []url.Values
	clients  []string
	refused  int
}

func newProtected(t *testing.T) *protected {
	t.Helper()
	p := &protected{life: `,"expires_in":3600`, status: http.StatusOK}
	inner := newSDKServer()
	get := func(*http.Request) *sdk.Server { return inner }
	streamable, events := sdk.NewStreamableHTTPHandler(get, nil), sdk.NewSSEHandler(get, nil)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		if r.URL.Path == "/token" {
			p.issue(w, r)
			p.mu.Unlock()
			return
		}
		denied := r.Header.Get("Authorization") != "Bearer "+p.accepted
		if denied {
			p.refused++
		}
		p.mu.Unlock()
		switch {
		case denied:
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/sse":
			events.ServeHTTP(w, r)
		default:
			streamable.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		p.CloseClientConnections()
		p.Close()
		for session := range inner.Sessions() {
			session.Close()
		}
	})
	return p
}

// issue gives out a token. The caller holds mu.
func (p *protected) issue(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	p.forms, p.clients = append(p.forms, r.PostForm), append(p.clients, r.Header.Get("Authorization"))
	w.Header().Set("Content-Type", "application/json")
	if p.status != http.StatusOK {
		w.WriteHeader(p.status)
		fmt.Fprintf(w, `{"error":"invalid_client","error_description":"no such client"}`)
		return
	}
	p.given++
	p.accepted = fmt.Sprintf("access-token-%d", p.given)
	fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer"%s}`, p.accepted, p.life)
}

func (p *protected) config(transport mcp.Transport) mcp.Config {
	path := "/mcp"
	if transport == mcp.SSE {
		path = "/sse"
	}
	return mcp.Config{URL: p.URL + path, Transport: transport, OAuth: &mcp.OAuth{
		TokenURL: p.URL + "/token", ClientID: "client:1", ClientSecret: clientSecret,
		Scopes: []string{"read", "write"}, Audience: "https://audience.example", Resource: "https://resource.example",
	}}
}

func TestARequestHasATokenOfTheAuthorizationServer(t *testing.T) {
	t.Parallel()
	forBothTransports(t, func(t *testing.T, transport mcp.Transport) {
		p := newProtected(t)
		server := newServer(t, p.config(transport))
		var running sync.WaitGroup
		for range 10 {
			running.Go(func() {
				tools, err := server.Tools(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if got := call(t, find(t, tools, "add"), `{"a":1,"b":2}`); !strings.Contains(got, `"sum":3`) {
					t.Errorf("got %s", got)
				}
			})
		}
		running.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.given != 1 || p.refused > 0 {
			t.Errorf("%d tokens, %d refused requests", p.given, p.refused)
		}
		want := url.Values{"grant_type": {"client_credentials"}, "scope": {"read write"}, "audience": {"https://audience.example"}, "resource": {"https://resource.example"}}
		if got := p.forms[0].Encode(); got != want.Encode() {
			t.Errorf("the endpoint was asked %s", got)
		}
		// Both are encoded as in a form before they are put together (RFC 6749, 2.3.1).
		if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("client%3A1:"+url.QueryEscape(clientSecret))); p.clients[0] != want {
			t.Errorf("the client is %s", p.clients[0])
		}
	})
}

func TestATokenThatTheServerRefusesIsReplacedOnce(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	server := newServer(t, p.config(mcp.StreamableHTTP))
	tools := list(t, server)
	p.mu.Lock()
	p.accepted = "revoked"
	p.mu.Unlock()
	if got := call(t, find(t, tools, "add"), `{"a":1,"b":2}`); !strings.Contains(got, `"sum":3`) {
		t.Errorf("got %s", got)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.given != 2 {
		t.Errorf("%d tokens", p.given)
	}
}

func TestATokenWithoutALifeIsKeptForAWhile(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.life = ""
	list(t, newServer(t, p.config(mcp.StreamableHTTP)))
	if p.given != 1 {
		t.Errorf("%d tokens", p.given)
	}
}

func TestAServerWithoutATokenIsLeftOutWithASafeError(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the secret went elsewhere") }))
	defer elsewhere.Close()
	for name, c := range map[string]struct {
		prepare func(p *protected, config *mcp.Config)
		want    string
	}{
		"the client is unknown": {func(p *protected, _ *mcp.Config) { p.status = http.StatusUnauthorized }, "status 401: invalid_client: no such client"},
		"there is no endpoint": {func(_ *protected, config *mcp.Config) {
			config.OAuth.TokenURL = "http://127.0.0.1:1/token?key=" + url.QueryEscape(clientSecret)
		}, "refused"},
		"the endpoint redirects": {func(p *protected, config *mcp.Config) {
			redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
			t.Cleanup(redirecting.Close)
			config.OAuth.TokenURL = redirecting.URL
		}, "redirect not followed"},
	} {
		p := newProtected(t)
		config := p.config(mcp.StreamableHTTP)
		c.prepare(p, &config)
		_, err := newServer(t, config).Tools(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		for _, secret := range []string{clientSecret, url.QueryEscape(clientSecret), "/token", "client:1"} {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error has %q: %v", name, secret, err)
			}
		}
	}
}

func TestToolsForPagesAreNotForModels(t *testing.T) {
	t.Parallel()
	inner := sdk.NewServer(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	for name, visibility := range map[string]any{"both": []any{"model", "app"}, "pages": []any{"app"}, "all": nil} {
		ui := map[string]any{"resourceUri": "ui://a"}
		if visibility != nil {
			ui["visibility"] = visibility
		}
		inner.AddTool(&sdk.Tool{Name: name, InputSchema: map[string]any{"type": "object"}, Meta: sdk.Meta{"ui": ui}}, nil)
	}
	remote := httptest.NewServer(sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return inner }, nil))
	server, err := mcp.New(mcp.Config{URL: remote.URL})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(list(t, server)); got != "all both" {
		t.Errorf("the model is offered %s", got)
	}
	server.Close()
	remote.CloseClientConnections()
	remote.Close()
	for session := range inner.Sessions() {
		session.Close()
	}
}
