package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// healthTimeout is more than a server takes for its answer, and less than any platform
// waits for the command.
const healthTimeout = 2 * time.Second

// health asks the server that the environment describes, on this machine, whether it is
// ready, and returns the exit code: 0 if it is. It is for containers in which there is
// nothing else that could ask.
func health(ctx context.Context, env bundle.Env, s streams) int {
	settings, err := bundle.Read(env, nil)
	if err == nil {
		err = askReady(ctx, settings.Port, s.out)
	}
	if err != nil {
		fmt.Fprintln(s.err, "copilotkit:", err)
		return 1
	}
	return 0
}

// askReady writes what the server on a port answers.
func askReady(ctx context.Context, port int, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/readyz", port), nil)
	if err != nil {
		return err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s %s", response.Status, body)
	}
	fmt.Fprintf(out, "%s\n", body)
	return nil
}
