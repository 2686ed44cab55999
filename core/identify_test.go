package core_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

func TestWhoIsNotLetInIsToldNothing(t *testing.T) {
	for name, test := range map[string]struct {
		err     error
		status  int
		body    string
		headers map[string]string
	}{
		"nobody": {&access.Error{Challenge: "Bearer", Reason: errors.New("the-reason")}, 401,
			`{"error":"Unauthorized","code":"unauthorized"}`, map[string]string{"WWW-Authenticate": "Bearer"}},
		"somebody who may not": {access.InsufficientScope("chat", errors.New("the-reason")), 403,
			`{"error":"Forbidden","code":"forbidden"}`, map[string]string{"WWW-Authenticate": `Bearer realm="copilotkit", error="insufficient_scope", scope="chat"`}},
		"nobody knows": {errors.Join(access.ErrUnavailable, errors.New("the-reason")), 503,
			`{"error":"Sign-in unavailable","code":"sign_in_unavailable","message":"Who calls can't be checked right now. Please try again."}`, map[string]string{"Retry-After": "2", "WWW-Authenticate": ""}},
		"an answer of its own": {&core.HTTPError{Status: 418, Body: "Tea?", Err: errors.New("the-reason")}, 418, "Tea?", nil},
		"an internal error":    {errors.New("the-reason"), 500, `{"error":"internal_error"}`, map[string]string{"WWW-Authenticate": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			handler := newRuntime(t, core.Config{
				Identify: func(*http.Request) (access.User, error) { return access.User{}, test.err },
				Logger:   slog.New(slog.NewTextHandler(&log, nil)),
			})
			body := &countingReader{}
			r := httptest.NewRequest("POST", "/agent/default/run", body)
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != test.status || bodyOf(w) != test.body {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			for header, want := range test.headers {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s: got %q, want %q", header, got, want)
				}
			}
			if got := w.Header().Get("Cache-Control"); got != "private, no-store" {
				t.Errorf("Cache-Control: got %q", got)
			}
			if body.n > 0 {
				t.Errorf("%d bytes of the body were read", body.n)
			}
			if test.status != 418 && !strings.Contains(log.String(), "the-reason") {
				t.Errorf("the log doesn't say why: %s", &log)
			}
		})
	}
}

// countingReader is endless.
type countingReader struct{ n int }

func (r *countingReader) Read(p []byte) (int, error) {
	r.n += len(p)
	return len(p), nil
}

func TestAnIDThatStoresAndLogsCannotKeepIsNotLetIn(t *testing.T) {
	for name, test := range map[string]struct {
		id     string
		status int
	}{
		"a long one":                        {strings.Repeat("é", 512), 200},
		"one that is too long":              {strings.Repeat("é", 512) + "x", 401},
		"with spaces and slashes":           {" arn:aws:iam::1:user/a b|c@d ", 200},
		"with a line feed":                  {"ann\n", 401},
		"with a NUL":                        {"ann\x00", 401},
		"with an escape":                    {"\x1b[31mann", 401},
		"with the end of a line of Unicode": {"ann\u0085", 401},
		"that isn't UTF-8":                  {"ann\xff", 401},
		"that wasn't UTF-8":                 {"ann\ufffd", 401},
	} {
		var log bytes.Buffer
		handler := newRuntime(t, core.Config{
			Identify: func(*http.Request) (access.User, error) { return access.User{ID: test.id}, nil },
			Logger:   slog.New(slog.NewTextHandler(&log, nil)),
		})
		got := request{method: "GET", path: "/threads"}.to(handler)
		if got.Code != test.status || test.status == 401 && !strings.Contains(log.String(), "the user's id") {
			t.Errorf("%s: got %d %s, log: %s", name, got.Code, got.Body, &log)
		}
	}
}

func TestTheLogHasTheBeginningOfALongPath(t *testing.T) {
	for name, refused := range map[string]error{"not let in": &access.Error{}, "failed": errors.New("no")} {
		var log bytes.Buffer
		handler := newRuntime(t, core.Config{
			Identify: func(*http.Request) (access.User, error) { return access.User{}, refused },
			Logger:   slog.New(slog.NewTextHandler(&log, nil)),
		})
		get(t.Context(), handler, "/begin"+strings.Repeat("%00", 100_000))
		if !strings.Contains(log.String(), "/begin") || log.Len() > 8<<10 {
			t.Errorf("%s: the log has %d bytes", name, log.Len())
		}
	}
}

func TestThePanicOfIdentifyIsAnInternalError(t *testing.T) {
	handler := newRuntime(t, core.Config{Identify: func(*http.Request) (access.User, error) { panic("secret") }})
	checkAnswer(t, handler, request{method: "GET", path: "/info"}, answer{500, `{"error":"internal_error"}`, nil})
}

func TestTheUserReachesAgentsAndHooks(t *testing.T) {
	seen := make(map[string]access.User)
	note := func(where string, ctx context.Context) {
		if user, ok := access.UserFrom(ctx); ok {
			seen[where] = user
		}
	}
	spy := agent.Func(func(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		note("agent", ctx)
		return greeter(ctx, in)
	})
	handler := newRuntime(t, core.Config{
		AgentsFor: func(r *http.Request) (map[string]agent.Agent, error) {
			note("AgentsFor", r.Context())
			return agents(spy), nil
		},
		Identify: func(r *http.Request) (access.User, error) {
			return access.User{ID: "ann", Claims: map[string]any{"team": "blue"}}, nil
		},
		Hooks: core.Hooks{
			OnRequest: func(r *http.Request) (*http.Request, error) { note("OnRequest", r.Context()); return nil, nil },
			OnBeforeHandler: func(r *http.Request, _ core.Route) (*http.Request, error) {
				note("OnBeforeHandler", r.Context())
				return nil, nil
			},
			OnResponse: func(r *http.Request, _ core.Route, _ *core.Response) error {
				note("OnResponse", r.Context())
				return nil
			},
			AfterRequest: func(r *http.Request, _ core.Answer) error { note("AfterRequest", r.Context()); return nil },
		},
	})
	request{method: "POST", path: "/agent/default/run", body: input}.to(handler)
	for _, where := range []string{"AgentsFor", "agent", "OnBeforeHandler", "OnResponse", "AfterRequest"} {
		if seen[where].ID != "ann" || seen[where].Claims["team"] != "blue" {
			t.Errorf("%s got %+v", where, seen[where])
		}
	}
	if _, known := seen["OnRequest"]; known {
		t.Error("OnRequest, which runs before, knows the user")
	}
}

func TestACookieIsSetByAnswersThatLeaveSomething(t *testing.T) {
	handler := newRuntime(t, core.Config{
		Identify: func(*http.Request) (access.User, error) {
			return access.User{ID: "new", Cookie: &http.Cookie{Name: "session", Value: "x"}}, nil
		},
		Hooks: core.Hooks{OnResponse: func(_ *http.Request, _ core.Route, response *core.Response) error {
			response.Header.Add("Set-Cookie", "mine=1")
			return nil
		}},
	})
	for path, want := range map[string]string{
		"POST /agent/default/run":     "mine=1 session=x",
		"POST /threads":               "mine=1 session=x",
		"GET /info":                   "mine=1",
		"GET /threads":                "mine=1",
		"POST /agent/default/connect": "mine=1",
		"POST /agent/default/stop/t":  "mine=1",
	} {
		method, target, _ := strings.Cut(path, " ")
		body := input
		if target == "/threads" {
			body = `{"agentId":"default"}`
		}
		if method == "GET" {
			body = ""
		}
		got := request{method: method, path: target, body: body}.to(handler)
		if cookies := strings.Join(got.Header().Values("Set-Cookie"), " "); cookies != want {
			t.Errorf("%s: got %q, want %q", path, cookies, want)
		}
	}
}

func TestThreadsOfNobodyAreOnlyListedWhereThatIsWanted(t *testing.T) {
	nobody := func(*http.Request) (access.User, error) { return access.User{}, nil }
	ann := func(*http.Request) (access.User, error) { return access.User{ID: "ann"}, nil }
	for name, test := range map[string]struct {
		config core.Config
		listed bool
	}{
		"without users":             {core.Config{}, false},
		"for a user without an id":  {core.Config{Identify: nobody}, false},
		"for a user":                {core.Config{Identify: ann}, true},
		"where they are public":     {core.Config{PublicThreads: true}, true},
		"in development":            {core.Config{Development: true}, true},
		"over a single route":       {core.Config{SingleRoute: true}, false},
		"over a single route, open": {core.Config{SingleRoute: true, PublicThreads: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			test.config.Agents, test.config.Logger = agents(greeter), quiet
			handler, err := core.New(test.config)
			if err != nil {
				t.Fatal(err)
			}
			list, info := request{method: "GET", path: "/threads"}, request{method: "GET", path: "/info"}
			if test.config.SingleRoute {
				list = request{method: "POST", path: "/", body: `{"method":"resource/request","params":{"path":"/threads","httpMethod":"GET"}}`}
				info = request{method: "POST", path: "/", body: `{"method":"info"}`}
			}
			want := http.StatusForbidden
			if test.listed {
				want = http.StatusOK
			}
			if got := list.to(handler); got.Code != want {
				t.Errorf("the list: got %d %s, want %d", got.Code, got.Body, want)
			}
			if got := info.to(handler).Body.String(); strings.Contains(got, `"list":true`) != test.listed {
				t.Errorf("/info: got %s", got)
			}
		})
	}
}

func TestTheClientsAddressIsTheOneThatProxiesSaw(t *testing.T) {
	for name, test := range map[string]struct {
		proxies   int
		forwarded []string
		want      string
	}{
		"without proxies":         {0, []string{"1.1.1.1"}, "client=192.0.2.1"},
		"behind one":              {1, []string{"1.1.1.1, 2.2.2.2"}, "client=2.2.2.2"},
		"behind two":              {2, []string{"1.1.1.1, 2.2.2.2, 3.3.3.3"}, "client=2.2.2.2"},
		"in two lines":            {2, []string{"1.1.1.1", "2.2.2.2,3.3.3.3"}, "client=2.2.2.2"},
		"an IPv6 one":             {1, []string{"2001:db8::1"}, "client=2001:db8::1"},
		"behind fewer than said":  {2, []string{"1.1.1.1"}, "client=192.0.2.1"},
		"with a port":             {1, []string{"1.1.1.1, 2.2.2.2:3000"}, "client=2.2.2.2"},
		"an IPv6 one with a port": {1, []string{"[2001:db8::1]:3000"}, "client=2001:db8::1"},
		"an IPv6 one in brackets": {1, []string{"[2001:db8::1]"}, "client=2001:db8::1"},
		"not an address":          {1, []string{"1.1.1.1, unknown"}, "client=192.0.2.1"},
		"without the header":      {1, nil, "client=192.0.2.1"},
	} {
		var log bytes.Buffer
		handler := newRuntime(t, core.Config{
			TrustedProxies: test.proxies,
			Identify:       func(*http.Request) (access.User, error) { return access.User{}, &access.Error{} },
			Logger:         slog.New(slog.NewTextHandler(&log, nil)),
		})
		request{method: "GET", path: "/info", header: http.Header{"X-Forwarded-For": test.forwarded}}.to(handler)
		if !strings.Contains(log.String(), test.want+" ") {
			t.Errorf("%s: got %s, want %s", name, &log, test.want)
		}
	}
}

func TestNobodyFillsTheLogWithOneRequest(t *testing.T) {
	var log bytes.Buffer
	handler := newRuntime(t, core.Config{
		Identify: func(*http.Request) (access.User, error) { return access.User{}, &access.Error{} },
		Logger:   slog.New(slog.NewTextHandler(&log, nil)),
	})
	long := strings.Repeat("é", 100_000)
	for _, test := range []request{
		{method: "GET", path: "/" + long},
		{method: strings.Repeat("A", 100_000), path: "/info"},
		{method: "GET", path: "/info?" + long, header: http.Header{"X-Forwarded-For": {long}, "Authorization": {long}, "Origin": {long}, "User-Agent": {long}}},
	} {
		test.to(handler)
	}
	if lines := strings.Split(strings.TrimSpace(log.String()), "\n"); len(lines) != 3 || log.Len() > 3000 {
		t.Errorf("%d lines of %d bytes: %.1000s", len(lines), log.Len(), &log)
	}
	if !strings.Contains(log.String(), "éé…") {
		t.Errorf("it isn't said that there was more: %s", &log)
	}
}
