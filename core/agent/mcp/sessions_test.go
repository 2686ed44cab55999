package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agent/mcp"
)

// The cache of a client that is keyed by the server's address alone serves one user's
// session, with the tools and the rights in it, to another.
func TestUsersOfOneAddressAreNeverServedEachOthersSession(t *testing.T) {
	g := newGuarded(t)
	for _, transport := range []mcp.Transport{mcp.StreamableHTTP, mcp.SSE} {
		t.Run(string(transport), func(t *testing.T) {
			address := g.URL + "/mcp"
			if transport == mcp.SSE {
				address = g.URL + "/sse"
			}
			server := newServer(t, mcp.Config{URL: address, Transport: transport, ForwardAuthorization: true, ConnectTimeout: time.Minute})
			callers := []struct{ name, user, token string }{
				{"ann", "ann", "ann-token-1"},
				{"bob", "bob", "bob-token-1"},
				{"ann with another token", "ann", "ann-token-2"},
				{"bob with ann's token", "bob", "ann-token-1"},
				{"nobody with ann's token", "-", "ann-token-1"},
				{"nobody with carl's token", "-", "carl-token-1"},
				{"an empty id with dora's token", "", "dora-token-1"},
				{"ann without a token", "ann", ""},
				{"bob without a token", "bob", ""},
				{"nobody without a token", "-", ""},
			}
			// More than once, in turn and at once.
			var group sync.WaitGroup
			for round := range 3 {
				for _, caller := range callers {
					ask := func() {
						ctx := as(t.Context(), caller.user, caller.token)
						tools, err := server.Tools(ctx)
						if err != nil {
							t.Errorf("%s: %v", caller.name, err)
							return
						}
						want := initial(caller.token)
						if got := names(tools); !strings.Contains(" "+got+" ", " for-"+cmpOr(want, "nobody")+" ") || strings.Count(got, "for-") != 1 {
							t.Errorf("%s has the tools %s", caller.name, got)
						}
						if got, err := whoami(ctx, server); err != nil || got != want {
							t.Errorf("%s is %q to the server: %v", caller.name, got, err)
						}
					}
					if round == 2 {
						group.Go(ask)
					} else {
						ask()
					}
				}
			}
			group.Wait()
		})
	}
	for token, want := range map[string]int{"ann-token-1": 3, "ann-token-2": 1, "bob-token-1": 1, "carl-token-1": 1, "dora-token-1": 1, "": 3} {
		if got := g.sessionsOf(token); got != 2*want {
			t.Errorf("%d sessions with the token %q, want %d in each transport", got, token, want)
		}
	}
}

func cmpOr(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func TestNoTokenOfACallerIsSentWithoutTheSetting(t *testing.T) {
	g := newGuarded(t)
	for name, test := range map[string]struct {
		config mcp.Config
		want   string
	}{
		"by default":                       {mcp.Config{URL: g.URL}, ""},
		"but a configured one":             {mcp.Config{URL: g.URL, Headers: map[string]string{"Authorization": "Bearer own-token"}}, "own"},
		"nor if a configured one wins":     {mcp.Config{URL: g.URL, Headers: map[string]string{"authorization": "Bearer own-token"}, ForwardAuthorization: true}, "own"},
		"nor if one that the URL has does": {mcp.Config{URL: strings.Replace(g.URL, "://", "://own:x@", 1), ForwardAuthorization: true}, "Basic b3duOng="},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t, test.config)
			for _, user := range []string{"ann", "bob"} {
				if got, err := whoami(as(t.Context(), user, user+"-token"), server); err != nil || got != test.want {
					t.Errorf("%s is %q to the server: %v", user, got, err)
				}
			}
		})
	}
	if ann, bob := g.sessionsOf("ann-token"), g.sessionsOf("bob-token"); ann+bob > 0 {
		t.Errorf("%d and %d sessions with tokens of callers", ann, bob)
	}
	if got := g.sessionsOf(""); got != 1 {
		t.Errorf("%d sessions without a token, want one that is shared", got)
	}
}

func TestConcurrentFirstRunsOfAUserShareOneSession(t *testing.T) {
	g := newGuarded(t)
	server := newServer(t, mcp.Config{URL: g.URL, ForwardAuthorization: true, ConnectTimeout: time.Minute, MaxSessions: 2})
	var group sync.WaitGroup
	for range 50 {
		for _, user := range []string{"ann", "bob"} {
			group.Go(func() {
				if got, err := whoami(as(t.Context(), user, user+"-token"), server); err != nil || got != user {
					t.Errorf("%s is %q to the server: %v", user, got, err)
				}
			})
		}
	}
	group.Wait()
	if ann, bob := g.sessionsOf("ann-token"), g.sessionsOf("bob-token"); ann != 1 || bob != 1 {
		t.Errorf("%d and %d sessions, want 1 each", ann, bob)
	}
}

func TestTheSessionsOfManyUsersAreBounded(t *testing.T) {
	const limit = 10
	g := newGuarded(t)
	server := newServer(t, mcp.Config{URL: g.URL, ForwardAuthorization: true, MaxSessions: limit, ConnectTimeout: time.Minute})
	users := make(chan int)
	var group sync.WaitGroup
	for range 4 * limit {
		group.Go(func() {
			for i := range users {
				user := fmt.Sprintf("user%d", i)
				tools, err := server.Tools(as(t.Context(), user, user+"-token"))
				if err != nil || !strings.Contains(names(tools), "for-"+user+" ") {
					t.Errorf("%s has the tools %s: %v", user, names(tools), err)
				}
			}
		})
	}
	for i := range 10 * limit {
		users <- i
	}
	close(users)
	group.Wait()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.most > limit || g.open != 0 {
		t.Errorf("there were %d sessions at once, and %d are left", g.most, g.open)
	}
}

func TestASessionInUseIsNotClosedForAnother(t *testing.T) {
	g := newGuarded(t)
	server := newServer(t, mcp.Config{URL: g.URL, ForwardAuthorization: true, MaxSessions: 1, SessionIdle: time.Millisecond, ConnectTimeout: 3 * time.Second})
	ann, bob := as(t.Context(), "ann", "ann-token"), as(t.Context(), "bob", "bob-token")
	waiting := startWait(t, g, server, ann)
	begun := g.sessionsOf("ann-token") // two, if the first was idle for long before the call
	if _, err := server.Tools(bob); err == nil || !strings.Contains(err.Error(), "all of its 1 sessions are in use") {
		t.Errorf("bob got %v", err)
	}
	if _, err := server.Tools(ann); err != nil || g.sessionsOf("ann-token") != begun {
		t.Errorf("ann's next run: %v, in %d sessions more", err, g.sessionsOf("ann-token")-begun)
	}
	canceled, cancel := context.WithCancel(bob)
	cancel()
	if _, err := server.Tools(canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was stopped got %v", err)
	}
	close(g.resume)
	if err := <-waiting; err != nil {
		t.Errorf("ann's call: %v", err)
	}
	if got, err := whoami(bob, server); err != nil || got != "bob" {
		t.Errorf("then bob is %q: %v", got, err)
	}
	if closed := <-g.closed; closed != "ann-token" {
		t.Errorf("the session of %s was closed", closed)
	}
}

func TestWhoeverWaitsGetsThePlaceThatBecomesFree(t *testing.T) {
	g := newGuarded(t)
	server := newServer(t, mcp.Config{URL: g.URL, ForwardAuthorization: true, MaxSessions: 1, ConnectTimeout: time.Minute})
	waiting := startWait(t, g, server, as(t.Context(), "ann", "ann-token"))
	got := make(chan string)
	for _, user := range []string{"bob", "carl"} {
		go func() {
			name, err := whoami(as(t.Context(), user, user+"-token"), server)
			if err != nil {
				t.Error(err)
			}
			got <- name
		}()
	}
	g.resume <- struct{}{}
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	if both := []string{<-got, <-got}; !slices.Contains(both, "bob") || !slices.Contains(both, "carl") {
		t.Errorf("got %v", both)
	}
}

func TestIdleSessionsAreClosedAndTheToolsOfARunGoOnWorking(t *testing.T) {
	g := newGuarded(t)
	server := newServer(t, mcp.Config{URL: g.URL, ForwardAuthorization: true, ConnectTimeout: time.Minute, SessionIdle: 20 * time.Millisecond})
	ann := as(t.Context(), "ann", "ann-token")
	tools, err := server.Tools(ann)
	if err != nil {
		t.Fatal(err)
	}
	if closed := <-g.closed; closed != "ann-token" {
		t.Errorf("the session of %s was closed", closed)
	}
	// Even in another context a tool is called as who listed it.
	result, err := find(t, tools, "whoami").Call(as(t.Context(), "bob", "bob-token"), json.RawMessage(`{}`))
	if err != nil || !strings.Contains(string(result), "you are ann") {
		t.Errorf("got %s, %v", result, err)
	}
	if <-g.closed; g.sessionsOf("ann-token") != 2 {
		t.Errorf("%d sessions", g.sessionsOf("ann-token"))
	}
}

func TestATokenThatExpiresEndsItsSessionAndNoOther(t *testing.T) {
	g := newGuarded(t)
	server := newServer(t, mcp.Config{URL: g.URL, ForwardAuthorization: true, ConnectTimeout: time.Minute, RetryAfter: time.Hour})
	ann, bob := as(t.Context(), "ann", "ann-token-1"), as(t.Context(), "bob", "bob-token-1")
	tools, err := server.Tools(ann)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := whoami(bob, server); err != nil {
		t.Fatal(err)
	}
	g.revoke("ann-token-1")
	_, err = find(t, tools, "whoami").Call(ann, json.RawMessage(`{}`))
	if err == nil || err.Error() != "the server of tool whoami no longer accepts the user's authorization" {
		t.Errorf("the call in mid-session: %v", err)
	}
	for range 2 {
		if _, err := server.Tools(ann); err == nil || strings.Contains(err.Error(), "ann-token") {
			t.Errorf("the next run with the old token: %v", err)
		}
	}
	if got, err := whoami(as(t.Context(), "ann", "ann-token-2"), server); err != nil || got != "ann" {
		t.Errorf("the next run with a new token: %q, %v", got, err)
	}
	if got, err := whoami(bob, server); err != nil || got != "bob" || g.sessionsOf("bob-token-1") != 1 {
		t.Errorf("another user: %q, %v, in %d sessions", got, err, g.sessionsOf("bob-token-1"))
	}
}

// Nor do they make the server ask again and again.
func TestBadTokensCloseNoGoodSessions(t *testing.T) {
	g := newGuarded(t)
	server := newServer(t, mcp.Config{URL: g.URL, ForwardAuthorization: true, ConnectTimeout: time.Minute, MaxSessions: 3, RetryAfter: time.Hour})
	for range 2 {
		for _, user := range []string{"ann", "bob"} {
			if got, err := whoami(as(t.Context(), user, user+"-token"), server); err != nil || got != user {
				t.Fatalf("%s is %q: %v", user, got, err)
			}
		}
		for i := range 20 {
			if _, err := server.Tools(as(t.Context(), "mallory", fmt.Sprintf("bad-token-%d", i))); err == nil {
				t.Error("a bad token was accepted")
			}
		}
	}
	if ann, bob := g.sessionsOf("ann-token"), g.sessionsOf("bob-token"); ann != 1 || bob != 1 {
		t.Errorf("%d and %d sessions, want 1 each", ann, bob)
	}
}

func TestTheTokenIsInNoResultErrorOrLog(t *testing.T) {
	g := newGuarded(t)
	log := &lockedBuilder{}
	server, err := mcp.New(mcp.Config{URL: g.URL, ForwardAuthorization: true, ConnectTimeout: time.Minute, RetryAfter: -1, MaxAge: time.Nanosecond, Logger: newLogger(log)})
	if err != nil {
		t.Fatal(err)
	}
	ann := as(t.Context(), "ann", "ann-token-1")
	tools, err := server.Tools(ann)
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for _, tool := range tools {
		fmt.Fprintln(&shown, tool.Name, tool.Description, string(tool.Parameters))
	}
	result, err := find(t, tools, "leak").Call(ann, json.RawMessage(`{}`))
	if err != nil || !json.Valid(result) || !strings.Contains(string(result), "got [redacted], that is [redacted]") {
		t.Errorf("got %s, %v", result, err)
	}
	fmt.Fprintln(&shown, string(result))
	_, err = find(t, tools, "fail").Call(ann, json.RawMessage(`{}`))
	if err == nil || !strings.Contains(err.Error(), "no luck with [redacted]") {
		t.Errorf("got %v", err)
	}
	fmt.Fprintln(&shown, err)
	g.revoke("ann-token-1")
	for range 2 {
		_, err = find(t, tools, "leak").Call(ann, json.RawMessage(`{}`))
		fmt.Fprintln(&shown, err, errors.Unwrap(err))
		_, err = server.Tools(ann)
		fmt.Fprintln(&shown, err)
	}
	if err := server.Close(); err != nil {
		fmt.Fprintln(&shown, err)
	}
	if text := shown.String() + log.String(); strings.Contains(text, "ann-token-1") {
		t.Errorf("the token shows in\n%s", text)
	}
}

// A server in the SSE transport names the address that messages, with the token, go to.
func TestAServerCanNotSendTheTokenElsewhere(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("elsewhere got %v", r.Header) }))
	t.Cleanup(elsewhere.Close)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/sse":
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "event: endpoint\ndata: %s/messages\n\n", elsewhere.URL)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		default:
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(web.Close)
	for _, transport := range []mcp.Transport{mcp.StreamableHTTP, mcp.SSE} {
		for _, path := range []string{"/sse", "/redirect"} {
			if transport == mcp.StreamableHTTP && path == "/sse" {
				continue
			}
			for _, forward := range []bool{true, false} {
				server := newServer(t, mcp.Config{
					URL: web.URL + path, Transport: transport, ForwardAuthorization: forward, Headers: map[string]string{"X-Key": "configured"},
					HTTPClient: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }},
				})
				if _, err := server.Tools(as(t.Context(), "ann", "ann-token")); err == nil {
					t.Errorf("%s %s: no error", transport, path)
				}
			}
		}
	}
}

func TestLimitsOfSessionsAreChecked(t *testing.T) {
	for name, config := range map[string]mcp.Config{
		"MaxSessions": {URL: "http://127.0.0.1/", MaxSessions: -1},
		"SessionIdle": {URL: "http://127.0.0.1/", SessionIdle: -1},
	} {
		if _, err := mcp.New(config); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAfterCloseNobodyGetsASession(t *testing.T) {
	g := newGuarded(t)
	server := newServer(t, mcp.Config{URL: g.URL, ForwardAuthorization: true, MaxSessions: 1, ConnectTimeout: time.Minute})
	waiting := startWait(t, g, server, as(t.Context(), "ann", "ann-token"))
	refused := make(chan error)
	go func() {
		_, err := server.Tools(as(t.Context(), "bob", "bob-token"))
		refused <- err
	}()
	closed := make(chan error)
	go func() { closed <- server.Close() }()
	if err := <-refused; err == nil {
		t.Error("bob has tools after Close")
	}
	close(g.resume)
	if err := <-waiting; err != nil {
		t.Errorf("ann's call, which was under way: %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := server.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}
