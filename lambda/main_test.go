package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/platform"
	"github.com/copilotkit-go/runtime/test/lambdaapi"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

// asBootstrap is the environment variable that makes the test binary a function: the
// code of this package with a test handler instead of the runtime.
const asBootstrap = "LAMBDA_TEST_BOOTSTRAP"

func TestMain(m *testing.M) {
	if os.Getenv(asBootstrap) != "" {
		lambda.StartWithOptions(newFunction(testHandler()).invoke, lambda.WithSetEscapeHTML(false))
		return
	}
	platformtest.Main(m)
}

// echo is what the test handler got of a request.
type echo struct {
	Method, Path, RawPath, Host, RemoteAddr string
	Query                                   map[string][]string
	Header                                  http.Header
	Cookies                                 map[string]string
	Body                                    []byte
	// Remaining is the time to the deadline.
	Remaining time.Duration
	// User is whom the front door has verified.
	User access.User
}

// testHandler echoes requests, and misbehaves at some paths.
func testHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		seen := echo{
			Method: r.Method, Path: r.URL.Path, RawPath: r.URL.EscapedPath(), Host: r.Host, RemoteAddr: r.RemoteAddr,
			Query: r.URL.Query(), Header: r.Header, Body: body, Cookies: make(map[string]string),
		}
		seen.User, _ = platform.User(r.Context())
		for _, cookie := range r.Cookies() {
			seen.Cookies[cookie.Name] = cookie.Value
		}
		if deadline, ok := r.Context().Deadline(); ok {
			seen.Remaining = time.Until(deadline)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Add("Set-Cookie", "a=1; Path=/")
		w.Header().Add("Set-Cookie", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT")
		w.Header().Add("Vary", "Origin")
		w.Header().Add("Vary", "Accept")
		w.WriteHeader(http.StatusTeapot)
		_ = json.NewEncoder(w).Encode(seen)
	})
	mux.HandleFunc("/binary", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write([]byte{0xff, 0x00, 0xfe})
	})
	mux.HandleFunc("/nothing", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/empty-writes", func(w http.ResponseWriter, _ *http.Request) {
		for _, part := range []string{"", "a", "", "b", ""} {
			_, _ = io.WriteString(w, part)
		}
	})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("a secret of the handler's") })
	mux.HandleFunc("/late-panic", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "begun")
		panic("a secret of the handler's")
	})
	// Writes "one", and "two" when the gate answers.
	mux.HandleFunc("/gated", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "one")
		_, err := http.Get(r.URL.Query().Get("gate"))
		_, _ = fmt.Fprintf(w, "two %v", err)
	})
	return mux
}

// gate is a server that answers when it is opened.
type gate struct {
	url     string
	arrived chan struct{}
	open    chan struct{}
}

func newGate(t *testing.T) *gate {
	g := &gate{arrived: make(chan struct{}, 16), open: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		g.arrived <- struct{}{}
		select {
		case <-g.open:
		case <-t.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// newTestFunction returns a function whose bootstrap is this test binary.
func newTestFunction(t *testing.T, config lambdaapi.Config) (*lambdaapi.Function, *platformtest.Log) {
	t.Helper()
	log := &platformtest.Log{}
	config.Bootstrap = os.Args[0]
	config.Env = append(config.Env, asBootstrap+"=1")
	config.Log = log
	// A function that never ends is killed, and fails the test, before the timeout of all tests.
	config.Timeout = cmp.Or(config.Timeout, time.Minute)
	function := lambdaapi.New(config)
	t.Cleanup(function.Close)
	return function, log
}

// serve puts a front door before a function and returns its address.
func serveDoor(t *testing.T, function *lambdaapi.Function, door lambdaapi.Door) string {
	t.Helper()
	server := httptest.NewServer(function.Handler(door))
	t.Cleanup(server.Close)
	return server.URL
}
