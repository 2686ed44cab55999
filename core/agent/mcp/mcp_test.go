package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent/mcp"
)

func TestToolsAreListedAndCalled(t *testing.T) {
	process := startProcess(t, "127.0.0.1:0")
	forBothTransports(t, func(t *testing.T, transport mcp.Transport) {
		server := newServer(t, mcp.Config{URL: process.url(transport), Transport: transport})
		tools := list(t, server)
		add := find(t, tools, "add")
		if add.Description != "adds two numbers" {
			t.Errorf("the description is %q", add.Description)
		}
		var schema struct {
			Type       string
			Properties map[string]struct{ Description string }
			Required   []string
		}
		if err := json.Unmarshal(add.Parameters, &schema); err != nil {
			t.Fatal(err)
		}
		if schema.Type != "object" || schema.Properties["a"].Description != "the first number" || !slices.Equal(schema.Required, []string{"a", "b"}) {
			t.Errorf("the schema is %s", add.Parameters)
		}
		if got := call(t, add, `{"a":2,"b":3}`); !strings.Contains(got, `"sum":5`) {
			t.Errorf("add gave %s", got)
		}
		if got := call(t, find(t, tools, "fail"), `{}`); !strings.Contains(got, `"isError":true`) || !strings.Contains(got, "no luck") {
			t.Errorf("a tool's own error is its result, got %s", got)
		}
		if _, err := add.Call(t.Context(), json.RawMessage(`{"a":"x"}`)); err != nil {
			// Servers may answer bad arguments with a protocol error or a result;
			// either way it is the server's answer, which the model is told.
			if strings.Contains(err.Error(), "did not answer") {
				t.Errorf("bad arguments: %v", err)
			}
		}
	})
}

func TestTheListIsCachedUntilTheServerSaysThatItChanged(t *testing.T) {
	forBothTransports(t, func(t *testing.T, transport mcp.Transport) {
		process := startProcess(t, "127.0.0.1:0")
		server := newServer(t, mcp.Config{URL: process.url(transport), Transport: transport})
		tools := list(t, server)
		if names(tools) != "add fail grow hang" {
			t.Fatalf("got %s", names(tools))
		}
		call(t, find(t, tools, "grow"), `{}`)
		eventually(t, "the new tool is listed", func() bool {
			return names(list(t, server)) == "add fail grow grown hang"
		})
	})
}

func TestARunIsNotHeldUpByAServerThatIsDownSlowOrWrong(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	wrong := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "<html>hello</html>")
	}))
	t.Cleanup(wrong.Close)
	closed := httptest.NewServer(nil)
	closed.Close()

	for name, url := range map[string]string{"silent": silent.URL, "wrong": wrong.URL, "down": closed.URL} {
		forBothTransports(t, func(t *testing.T, transport mcp.Transport) {
			t.Run(name, func(t *testing.T) {
				server := newServer(t, mcp.Config{URL: url, Transport: transport, ConnectTimeout: 50 * time.Millisecond})
				if _, err := server.Tools(t.Context()); err == nil {
					t.Error("no error")
				} else if !strings.Contains(err.Error(), strings.TrimPrefix(url, "http://")) {
					t.Errorf("the error doesn't name the server: %v", err)
				}
			})
		})
	}
}

func TestAFailedServerIsLeftAloneForAWhile(t *testing.T) {
	var asked atomic.Int32
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(failing.Close)
	server := newServer(t, mcp.Config{URL: failing.URL, RetryAfter: time.Hour})
	server.Tools(t.Context())
	before := asked.Load()
	if _, err := server.Tools(t.Context()); err == nil {
		t.Error("no error")
	}
	if before == 0 || asked.Load() != before {
		t.Errorf("asked %d times at first, and %d in all", before, asked.Load())
	}
}

func TestKilledInMidCallTheToolFailsAndTheNextRunFindsTheServerAgain(t *testing.T) {
	forBothTransports(t, func(t *testing.T, transport mcp.Transport) {
		process := startProcess(t, "127.0.0.1:0")
		server := newServer(t, mcp.Config{URL: process.url(transport), Transport: transport, RetryAfter: -1})
		hang := find(t, list(t, server), "hang")
		ended := make(chan error, 1)
		go func() {
			_, err := hang.Call(context.Background(), json.RawMessage(`{}`))
			ended <- err
		}()
		process.kill()
		select {
		case err := <-ended:
			if err == nil || strings.Contains(err.Error(), process.address) {
				t.Errorf("the model is told %v", err)
			}
		case <-time.After(60 * time.Second):
			t.Fatal("the call hangs though the server is dead")
		}
		if _, err := server.Tools(t.Context()); err == nil {
			t.Error("the tools of a dead server are still offered")
		}
		startProcess(t, process.address)
		if got := call(t, find(t, list(t, server), "add"), `{"a":1,"b":1}`); !strings.Contains(got, `"sum":2`) {
			t.Errorf("after the restart add gave %s", got)
		}
	})
}

func TestACallInASessionThatTheServerHasForgottenIsMadeAgain(t *testing.T) {
	process := startProcess(t, "127.0.0.1:0")
	server := newServer(t, mcp.Config{URL: process.url(mcp.StreamableHTTP)})
	add := find(t, list(t, server), "add")
	process.kill()
	startProcess(t, process.address)
	if got := call(t, add, `{"a":4,"b":4}`); !strings.Contains(got, `"sum":8`) {
		t.Errorf("add gave %s", got)
	}
}

func TestStoppingARunEndsItsCall(t *testing.T) {
	process := startProcess(t, "127.0.0.1:0")
	forBothTransports(t, func(t *testing.T, transport mcp.Transport) {
		server := newServer(t, mcp.Config{URL: process.url(transport), Transport: transport})
		hang := find(t, list(t, server), "hang")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := hang.Call(ctx, json.RawMessage(`{}`)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		call(t, find(t, list(t, server), "add"), `{"a":1,"b":1}`)
	})
}

func TestHeadersAreSentWithEveryRequest(t *testing.T) {
	handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return newSDKServer() }, nil)
	guarded := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer key" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(guarded.Close)
	server := newServer(t, mcp.Config{URL: guarded.URL, Headers: map[string]string{"authorization": "Bearer key"}})
	call(t, find(t, list(t, server), "add"), `{"a":1,"b":1}`)
}

func TestASessionOfTheCallersIsUsedAndLeftOpen(t *testing.T) {
	here, there := sdk.NewInMemoryTransports()
	if _, err := newSDKServer().Connect(t.Context(), there, nil); err != nil {
		t.Fatal(err)
	}
	client, err := sdk.NewClient(&sdk.Implementation{Name: "c", Version: "1"}, nil).Connect(t.Context(), here, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	tools, err := mcp.Session(client).Tools(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := call(t, find(t, tools, "add"), `{"a":1,"b":2}`); !strings.Contains(got, `"sum":3`) {
		t.Errorf("add gave %s", got)
	}
	if err := client.Ping(t.Context(), nil); err != nil {
		t.Errorf("the session was closed: %v", err)
	}
}

func TestConcurrentRunsShareOneListing(t *testing.T) {
	var listings atomic.Int32
	shared := newSDKServer()
	handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return shared }, nil)
	counted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if strings.Contains(string(body), `"tools/list"`) {
			listings.Add(1)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(counted.Close)
	server := newServer(t, mcp.Config{URL: counted.URL})
	failures := make(chan error, 50)
	for range cap(failures) {
		go func() {
			_, err := server.Tools(t.Context())
			failures <- err
		}()
	}
	for range cap(failures) {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	if got := listings.Load(); got != 1 {
		t.Errorf("the tools were listed %d times", got)
	}
}

func TestBadConfigurationIsNamedWithoutQuotingTheURL(t *testing.T) {
	for name, config := range map[string]mcp.Config{
		"no URL":               {},
		"no scheme":            {URL: "localhost:1"},
		"no host":              {URL: "http:///secret"},
		"no URL at all":        {URL: "http://user:secret@[x"},
		"an unknown transport": {URL: "http://127.0.0.1/secret", Transport: "stdio"},
		"an unsendable header": {URL: "http://127.0.0.1/", Headers: map[string]string{"X-Key": "secret\n"}},
	} {
		if _, err := mcp.New(config); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The secret may be in the path, too.
func TestNoErrorAndNoLogTellsMoreOfTheAddressThanTheHost(t *testing.T) {
	const path = "/servers/0123456789"
	secrets := []string{"topsecret", "0123456789", "pass-word", "configured-key"}
	mux := http.NewServeMux()
	mux.HandleFunc("/echo"+path, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "can't handle %s with %s", r.URL, r.Header)
	})
	mux.HandleFunc("/silent"+path, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	mux.HandleFunc("/away"+path, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.Handle("/redirected"+path, http.RedirectHandler("http://127.0.0.1:1/?key=topsecret", http.StatusTemporaryRedirect))
	web := httptest.NewUnstartedServer(mux)
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.Start()
	t.Cleanup(web.Close)
	base := strings.Replace(web.URL, "http://", "http://user:pass-word@", 1)
	for _, failure := range []string{"echo", "silent", "away", "redirected", "missing"} {
		t.Run(failure, func(t *testing.T) {
			forBothTransports(t, func(t *testing.T, transport mcp.Transport) {
				var lines strings.Builder
				server, err := mcp.New(mcp.Config{
					URL: base + "/" + failure + path + "?api_key=topsecret", Transport: transport,
					Headers:        map[string]string{"X-Key": "configured-key"},
					ConnectTimeout: 200 * time.Millisecond,
					Logger:         slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug})),
				})
				if err != nil {
					t.Fatal(err)
				}
				_, err = server.Tools(t.Context())
				if err == nil {
					t.Fatal("no error")
				}
				if err := server.Close(); err != nil {
					t.Error(err)
				}
				for _, secret := range secrets {
					if strings.Contains(err.Error(), secret) || strings.Contains(lines.String(), secret) {
						t.Errorf("%s is told: %v\n%s", secret, err, &lines)
					}
				}
			})
		})
	}
}

func TestACallThatBreaksTellsTheLogNothingOfTheAddress(t *testing.T) {
	forBothTransports(t, func(t *testing.T, transport mcp.Transport) {
		process := startProcess(t, "127.0.0.1:0")
		var lines strings.Builder
		server, err := mcp.New(mcp.Config{
			URL: process.url(transport) + "?api_key=topsecret", Transport: transport, RetryAfter: -1,
			Logger: slog.New(slog.NewTextHandler(&lines, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		add := find(t, list(t, server), "add")
		process.kill()
		_, callErr := add.Call(t.Context(), json.RawMessage(`{"a":1,"b":2}`))
		_, listErr := server.Tools(t.Context())
		for _, err := range []error{callErr, errors.Unwrap(callErr), listErr} {
			if err == nil || strings.Contains(err.Error(), "topsecret") {
				t.Errorf("got %v", err)
			}
		}
		if strings.Contains(lines.String(), "topsecret") {
			t.Errorf("logged %s", &lines)
		}
	})
}

func TestAServerWhoseListAlwaysChangesIsNotAskedForEver(t *testing.T) {
	shared := newSDKServer()
	var listings atomic.Int32
	shared.AddReceivingMiddleware(func(next sdk.MethodHandler) sdk.MethodHandler {
		return func(ctx context.Context, method string, request sdk.Request) (sdk.Result, error) {
			if method == "tools/list" {
				listings.Add(1)
			}
			return next(ctx, method, request)
		}
	})
	web := httptest.NewServer(sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return shared }, nil))
	t.Cleanup(web.Close)
	// A list that is always too old is as one that always changes.
	server := newServer(t, mcp.Config{URL: web.URL, MaxAge: time.Nanosecond})
	if got := names(list(t, server)); got != "add fail grow hang" || listings.Load() != 1 {
		t.Errorf("got %s after %d listings", got, listings.Load())
	}
}
