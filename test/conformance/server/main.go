// Command server is this runtime in each set-up of the conformance cases, as
// ../reference.mjs is the reference. Every set-up listens on its own port. The command
// prints one line of JSON, {"ports": {set-up: port}}, and exits at the end of its
// standard input.
//
// Environment: MODEL (the address of the scripted model), REMOTE (the address of the
// remote agent), SIDE, APPS and PUBLISHED (see ../reference.mjs). With PLATFORM it is the
// set-ups of ../reference-managed.mjs in their place.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
)

func main() {
	if err := run(os.Getenv("MODEL"), os.Getenv("REMOTE")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(model, remote string) error {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	agents, err := newAgents(model, remote, logger)
	if err != nil {
		return err
	}
	trace := new(trace)
	var handlers map[string]http.Handler
	if platform := os.Getenv("PLATFORM"); platform != "" {
		handlers, err = newManagedSetups(platform, agents, logger)
	} else {
		handlers, err = newSetups(agents, trace, logger)
	}
	if err != nil {
		return err
	}
	ports := make(map[string]int)
	for name, handler := range handlers {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("listen for %s: %w", name, err)
		}
		ports[name] = listener.Addr().(*net.TCPAddr).Port
		go http.Serve(listener, withTrace(trace, handler))
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"ports": ports}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// withTrace serves the trace of the hooks beside the runtime.
func withTrace(trace *trace, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/trace" {
			json.NewEncoder(w).Encode(trace.take())
			return
		}
		handler.ServeHTTP(w, r)
	})
}
