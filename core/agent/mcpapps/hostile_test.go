package mcpapps_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent/mcpapps"
)

// hostile returns a server that answers one method with a result of its own.
func hostile(t *testing.T, method, result string) mcpapps.Server {
	t.Helper()
	return hostileWith(t, method, func(w http.ResponseWriter, _ *http.Request, id json.RawMessage) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, id, result)
	})
}

// hostileWith returns a server with a tool "a" that answers one method in its own way.
func hostileWith(t *testing.T, method string, answer func(w http.ResponseWriter, r *http.Request, id json.RawMessage)) mcpapps.Server {
	t.Helper()
	good := sdk.NewServer(&sdk.Implementation{Name: "good", Version: "1"}, nil)
	shows("a", withPage())(good)
	handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return good }, nil)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var message struct {
			ID     json.RawMessage
			Method string
		}
		json.Unmarshal(body, &message)
		if message.Method == method || method == r.Method {
			answer(w, r, message.ID)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		for session := range good.Sessions() {
			session.Close()
		}
	})
	return mcpapps.Server{URL: server.URL, ServerID: "bad"}
}

func hang(_ http.ResponseWriter, r *http.Request, _ json.RawMessage) { <-r.Context().Done() }

// flood sends megabytes of one JSON string.
func flood(megabytes int) func(http.ResponseWriter, *http.Request, json.RawMessage) {
	return func(w http.ResponseWriter, _ *http.Request, id json.RawMessage) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"`, id)
		chunk := strings.Repeat("x", 1<<20)
		for range megabytes {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
		io.WriteString(w, `"}]}}`)
	}
}

func drop(w http.ResponseWriter, _ *http.Request, _ json.RawMessage) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"jsonrpc":`)
	panic(http.ErrAbortHandler)
}

func redirectTo(address string) func(http.ResponseWriter, *http.Request, json.RawMessage) {
	return func(w http.ResponseWriter, r *http.Request, _ json.RawMessage) {
		http.Redirect(w, r, address, http.StatusTemporaryRedirect)
	}
}

func TestAHostileServerHoldsNothingUp(t *testing.T) {
	t.Parallel()
	// What a redirect must not reach.
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	t.Cleanup(inner.Close)
	forgotten := func(w http.ResponseWriter, _ *http.Request, _ json.RawMessage) {
		http.Error(w, "no session", http.StatusNotFound)
	}
	for name, c := range map[string]struct {
		method string
		answer func(http.ResponseWriter, *http.Request, json.RawMessage)
		// works is what still does: "all", "calls" or nothing, for whoever has the tools.
		works string
	}{
		"hangs when asked for its versions": {"server/discover", hang, ""},
		"hangs in the handshake":            {"initialize", hang, ""},
		"hangs in the list":                 {"tools/list", hang, ""},
		"hangs in a call":                   {"tools/call", hang, "list"},
		"hangs at the end of a session":     {"DELETE", hang, "all"},
		"lists without an end": {"tools/list", func(w http.ResponseWriter, _ *http.Request, id json.RawMessage) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"tools":[],"nextCursor":"%s"}}`, id, time.Now())
		}, ""},
		"lists in a circle": {"tools/list", func(w http.ResponseWriter, _ *http.Request, id json.RawMessage) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"tools":[],"nextCursor":"again"}}`, id)
		}, ""},
		"sends a list of 100 MB":   {"tools/list", flood(100), ""},
		"sends a result of 100 MB": {"tools/call", flood(100), "list"},
		"sends 100 MB for a version": {"server/discover", func(w http.ResponseWriter, _ *http.Request, _ json.RawMessage) {
			w.Header().Set("Content-Type", "text/event-stream")
			for range 100 {
				io.WriteString(w, "data: "+strings.Repeat("x", 1<<20)+"\n\n")
			}
		}, ""},
		"breaks off in a call":           {"tools/call", drop, "list"},
		"breaks off in the list":         {"tools/list", drop, ""},
		"redirects a call":               {"tools/call", redirectTo(inner.URL), "list"},
		"redirects a call to a platform": {"tools/call", redirectTo("http://169.254.169.254/latest/meta-data"), "list"},
		"redirects a call to itself":     {"tools/call", redirectTo("/elsewhere"), "list"},
		"forgets a session":              {"tools/call", forgotten, "list"},
		"answers another question": {"tools/call", func(w http.ResponseWriter, _ *http.Request, _ json.RawMessage) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"jsonrpc":"2.0","id":"another","result":{"content":[]}}`)
		}, "list"},
		"answers with another thing": {"tools/call", func(w http.ResponseWriter, _ *http.Request, id json.RawMessage) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":[1]}`, id)
		}, "list"},
		"refuses": {"initialize", func(w http.ResponseWriter, _ *http.Request, _ json.RawMessage) {
			w.WriteHeader(http.StatusUnauthorized)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := hostileWith(t, c.method, c.answer)
			good := newAppServer(t, shows("b", withPage()))
			of := mcpapps.Server{URL: good.URL, ServerID: "good"}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			var (
				apps  *mcpapps.Extension
				begun time.Time
				inner *played
				lines []string
				all   string
			)
			// A machine on which the other server is too slow as well gets more time.
			timeout := 4 * time.Second
			for ; ; timeout *= 3 {
				apps = newApps(t, mcpapps.Config{
					Servers: []mcpapps.Server{bad, of}, ConnectTimeout: timeout, CallTimeout: timeout,
				})
				begun = time.Now()
				inner = &played{events: append(append(calling("1", "a"), calling("2", "b")...), finished())}
				var err error
				if lines, err = run(ctx, t, apps, inner, input()); err != nil {
					t.Fatal(err)
				}
				all = strings.Join(lines, "\n")
				if strings.Contains(all, "shown by b") || timeout > 30*time.Second {
					break
				}
			}
			if !strings.Contains(all, "shown by b") || !strings.HasPrefix(lines[len(lines)-1], `{"type":"RUN_FINISHED"`) {
				t.Errorf("the other server's tool isn't there in\n%.2000s", all)
			}
			want := map[string]string{"all": "a b", "list": "a b", "": "b"}[c.works]
			if got := names(inner.input.Tools); got != want {
				t.Errorf("offered %s", got)
			}
			if c.works == "all" != strings.Contains(all, "shown by a") {
				t.Errorf("got\n%.2000s", all)
			}
			if c.works == "list" && !strings.Contains(all, "MCP tool execution failed") {
				t.Errorf("got\n%.2000s", all)
			}
			answer := ask(ctx, t, apps, "default", `{"serverId":"bad","method":"tools/call","params":{"name":"a"}}`)
			if c.works != "all" && answer != `{"error":"Error: MCP request failed"}` {
				t.Errorf("the page is told %.300s", answer)
			}
			if took := time.Since(begun); took > 10*timeout {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestAServerThatNamesAnotherHostIsLeftOut(t *testing.T) {
	t.Parallel()
	reached := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other host was reached") }))
	defer reached.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "event: endpoint\ndata: %s/messages\n\n", reached.URL)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	defer server.CloseClientConnections()
	var log lockedBuilder
	apps := newApps(t, mcpapps.Config{
		Servers:        []mcpapps.Server{{URL: server.URL, Transport: "sse"}},
		ConnectTimeout: time.Second, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if got := offered(t, apps, input()); len(got) != 0 {
		t.Errorf("offered %v", got)
	}
	// Which of two errors the SDK tells, that of the message or that the stream has ended
	// with it, is chance.
	if !strings.Contains(log.String(), "left out of this run") {
		t.Errorf("the log is\n%s", log.String())
	}
}
