// Command lambda serves the packaged Lambda function over HTTP, for the browser scenes:
// a streaming Function URL in front of several instances, each of which serves one
// request at a time, as on Lambda. Requests during a run reach an instance other than
// the run's.
//
// Environment: BOOTSTRAP (the function's binary), INSTANCES (the most instances), and
// variables that begin with COPILOTKIT_, CPK_, OPENAI_ or AWS_, which are passed to the function.
// When it listens, the command prints one line of JSON, {"origin": "http://…"}. It
// answers GET /instances with the number of instances that were started; DELETE /instances
// ends them once they are idle, so that another one answers what comes next. At the end of its
// standard input, or when it is terminated, it ends the instances and exits.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/copilotkit-go/runtime/test/lambdaapi"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	instances, err := strconv.Atoi(os.Getenv("INSTANCES"))
	if err != nil {
		return fmt.Errorf("read INSTANCES: %w", err)
	}
	function := lambdaapi.New(lambdaapi.Config{
		Bootstrap:    os.Getenv("BOOTSTRAP"),
		Env:          functionEnv(os.Environ()),
		MaxInstances: instances,
		Log:          os.Stderr,
	})
	defer function.Close()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", function.Handler(lambdaapi.FunctionURL{Streaming: true}))
	mux.HandleFunc("GET /instances", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, len(function.Instances()))
	})
	mux.HandleFunc("DELETE /instances", func(w http.ResponseWriter, r *http.Request) {
		function.Replace(r.Context())
		w.WriteHeader(http.StatusNoContent)
	})
	server := &http.Server{Handler: mux}
	defer server.Close()
	go server.Serve(listener)

	origin := map[string]string{"origin": "http://" + listener.Addr().String()}
	if err := json.NewEncoder(os.Stdout).Encode(origin); err != nil {
		return fmt.Errorf("write the origin: %w", err)
	}
	terminated, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	<-terminated.Done()
	return nil
}

// functionEnv returns the part of an environment that is passed to the function.
func functionEnv(environ []string) []string {
	var env []string
	for _, variable := range environ {
		for _, prefix := range []string{"COPILOTKIT_", "CPK_", "OPENAI_", "AWS_"} {
			if strings.HasPrefix(variable, prefix) {
				env = append(env, variable)
			}
		}
	}
	return env
}
