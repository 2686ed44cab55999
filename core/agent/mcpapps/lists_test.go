package mcpapps_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/mcp"
	"github.com/copilotkit-go/runtime/core/agent/mcpapps"
	"github.com/copilotkit-go/runtime/core/agui"
)

func as(ctx context.Context, user, token string) context.Context {
	ctx = access.WithUser(ctx, access.User{ID: user})
	return agent.WithForwardedHeaders(ctx, http.Header{"Authorization": {"Bearer " + token}})
}

func TestRunsShareAListForAWhile(t *testing.T) {
	t.Parallel()
	server := newAppServer(t, shows("a", withPage()))
	apps := newApps(t, mcpapps.Config{Servers: []mcpapps.Server{server.at(mcp.StreamableHTTP)}, MaxAge: time.Hour})
	var running sync.WaitGroup
	for i := range 20 {
		running.Go(func() {
			inner := &played{events: []agui.Event{finished()}}
			for range apps.Extend("default", inner).Run(as(t.Context(), fmt.Sprint(i), "token"), input()) {
			}
			if names(inner.input.Tools) != "a" {
				t.Errorf("offered %v", inner.input.Tools)
			}
		})
	}
	running.Wait()
	if n := server.asked("tools/list"); n != 1 {
		t.Errorf("the list was asked for %d times", n)
	}
	for _, header := range server.headers {
		if header.Get("Authorization") != "" {
			t.Fatal("the caller's Authorization went to the server")
		}
	}
	again := newApps(t, mcpapps.Config{Servers: []mcpapps.Server{server.at(mcp.StreamableHTTP)}, MaxAge: time.Nanosecond})
	offered(t, again, input())
	offered(t, again, input())
	if n := server.asked("tools/list"); n != 3 {
		t.Errorf("the list that is too old was asked for %d times in all", n)
	}
}

func TestEachCallerHasAListWhereTheServerSeesWhoCalls(t *testing.T) {
	t.Parallel()
	server := newAppServer(t, shows("a", withPage()))
	of := server.at(mcp.StreamableHTTP)
	of.ForwardAuthorization, of.ServerID = true, "app"
	apps := newApps(t, mcpapps.Config{Servers: []mcpapps.Server{of}, MaxAge: time.Hour})
	for _, caller := range [][2]string{{"ann", "token-of-ann"}, {"ben", "token-of-ben"}, {"ann", "token-of-ann"}, {"ann", "second-of-ann"}, {"ben", "token-of-ann"}} {
		in := input()
		for range apps.Extend("default", &played{events: []agui.Event{finished()}}).Run(as(t.Context(), caller[0], caller[1]), in) {
		}
	}
	if n := server.asked("tools/list"); n != 4 {
		t.Errorf("four callers had %d lists", n)
	}
	before := server.total()
	if got := ask(as(t.Context(), "ben", "token-of-ben"), t, apps, "default", `{"serverId":"app","method":"tools/call","params":{"name":"a"}}`); !strings.Contains(got, "shown by a") {
		t.Errorf("got %s", got)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	for _, header := range server.headers[before:] {
		if got := header.Get("Authorization"); got != "Bearer token-of-ben" {
			t.Errorf("the server was sent %q", got)
		}
	}
}

func TestNotTooManyListsAreKept(t *testing.T) {
	t.Parallel()
	server := newAppServer(t, shows("a", withPage()))
	of := server.at(mcp.StreamableHTTP)
	of.ForwardAuthorization = true
	apps := newApps(t, mcpapps.Config{Servers: []mcpapps.Server{of}, MaxAge: time.Hour})
	list := func(i int) {
		for range apps.Extend("default", &played{events: []agui.Event{finished()}}).Run(as(t.Context(), "ann", fmt.Sprint("token-", i)), input()) {
		}
	}
	for i := range 101 {
		list(i)
	}
	list(100) // is kept
	list(0)   // was pushed out
	if n := server.asked("tools/list"); n != 102 {
		t.Errorf("the list was asked for %d times", n)
	}
}

func TestAServerThatFailedIsLeftAloneForAWhile(t *testing.T) {
	t.Parallel()
	asked := 0
	server := hostileWith(t, "tools/list", func(w http.ResponseWriter, _ *http.Request, _ json.RawMessage) {
		asked++
		w.WriteHeader(http.StatusInternalServerError)
	})
	apps := newApps(t, mcpapps.Config{Servers: []mcpapps.Server{server}, RetryAfter: time.Hour})
	offered(t, apps, input())
	offered(t, apps, input())
	if asked != 1 {
		t.Errorf("it was asked %d times", asked)
	}
	again := newApps(t, mcpapps.Config{Servers: []mcpapps.Server{server}, RetryAfter: time.Nanosecond})
	offered(t, again, input())
	offered(t, again, input())
	if asked != 3 {
		t.Errorf("it was asked %d times in all", asked)
	}
}

func TestAToolThatWasAddedCanBeCalledByPagesSoon(t *testing.T) {
	t.Parallel()
	server := newAppServer(t, shows("a", withPage()))
	of := server.at(mcp.StreamableHTTP)
	of.ServerID = "app"
	apps := newApps(t, mcpapps.Config{Servers: []mcpapps.Server{of}, MaxAge: time.Hour, RetryAfter: time.Nanosecond})
	offered(t, apps, input())
	shows("late", nil)(server.sdk)
	if got := ask(t.Context(), t, apps, "default", `{"serverId":"app","method":"tools/call","params":{"name":"late"}}`); !strings.Contains(got, "shown by late") {
		t.Errorf("got %s", got)
	}
}

func TestNothingIsAskedAfterClose(t *testing.T) {
	t.Parallel()
	server := newAppServer(t, shows("a", withPage()))
	apps := appsOf(t, server.at(mcp.StreamableHTTP))
	if err := apps.Close(); err != nil {
		t.Fatal(err)
	}
	if got := offered(t, apps, input()); len(got) != 0 || server.total() > 0 {
		t.Errorf("offered %v", got)
	}
}
