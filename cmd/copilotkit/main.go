// Command copilotkit serves the runtime on this machine, with a playground page
// at its root.
//
//	go run ./cmd/copilotkit
//
// It needs no key: without one the embedded demo model answers. The README lists
// the environment variables. It listens on 127.0.0.1 alone. An interrupt or
// SIGTERM lets the runs under way finish, for half a minute at most; a second
// one ends them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the second one has its usual effect.
	context.AfterFunc(ctx, stop)

	if err := serve(ctx, os.Environ, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "copilotkit:", err)
		os.Exit(1)
	}
}
