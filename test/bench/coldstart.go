package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"time"

	"github.com/copilotkit-go/runtime/test/lambdaapi"
)

// coldStarts is how often each program is started, in turn with the others. The fastest
// start counts: what takes longer is the machine's.
const coldStarts = 20

// coldStart is a program of ours, and the least that one of its kind can be.
type coldStart struct {
	name        string
	ours, least func() (time.Duration, error)
	// fastest are the times of both.
	fastest [2]time.Duration
}

// measureColdStarts measures the time from the start of a process to its first answer.
func measureColdStarts(ctx context.Context, dir string, model *model) ([]*coldStart, error) {
	server := func(pkg string) func() (time.Duration, error) {
		t := target{name: pkg, command: []string{filepath.Join(dir, filepath.Base(pkg))}}
		return func() (time.Duration, error) {
			p, err := t.launch(ctx, model)
			if err != nil {
				return 0, err
			}
			p.end()
			return p.start, nil
		}
	}
	bootstrap := func(pkg, door string) func() (time.Duration, error) {
		return func() (time.Duration, error) {
			return startBootstrap(filepath.Join(dir, filepath.Base(pkg)), model, lambdaapi.FunctionURL{Streaming: door == "streaming"})
		}
	}
	for _, pkg := range []string{"./cmd/copilotkit", "./test/bench/hello", "./lambda", "./test/bench/hellolambda"} {
		if err := build(ctx, filepath.Join(dir, filepath.Base(pkg)), pkg, "-tags", "lambda.norpc"); err != nil {
			return nil, err
		}
	}
	all := []*coldStart{
		{name: "process start to first answer, local server", ours: server("./cmd/copilotkit"), least: server("./test/bench/hello")},
		{name: "the same, Lambda bootstrap", ours: bootstrap("./lambda", "streaming"), least: bootstrap("./test/bench/hellolambda", "buffered")},
	}
	for _, start := range all {
		for range coldStarts {
			for i, launch := range []func() (time.Duration, error){start.ours, start.least} {
				took, err := launch()
				if err != nil {
					return nil, fmt.Errorf("%s: %w", start.name, err)
				}
				if start.fastest[i] == 0 || took < start.fastest[i] {
					start.fastest[i] = took
				}
			}
		}
	}
	return all, nil
}

// startBootstrap starts a function's process and returns the time to its first answer.
func startBootstrap(binary string, model *model, door lambdaapi.Door) (time.Duration, error) {
	function := lambdaapi.New(lambdaapi.Config{Bootstrap: binary, Env: modelEnv(model)})
	defer function.Close()
	server := httptest.NewServer(function.Handler(door))
	defer server.Close()
	began := time.Now()
	response, err := http.Get(server.URL + "/api/copilotkit/info")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(response.Body)
		return 0, fmt.Errorf("status %d: %s", response.StatusCode, body)
	}
	return time.Since(began), nil
}
