// Command copilotkit serves the runtime on this machine, with a playground page
// at its root.
//
//	go run ./cmd/copilotkit
//
// It needs no key: without one the embedded demo model answers. The README lists
// the environment variables. It listens on 127.0.0.1 alone, and answers requests
// for this machine alone. An interrupt or SIGTERM gives the runs under way half a
// minute to finish, and ends in good order those that don't; a second one ends the
// program at once.
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

	if err := serve(ctx, os.Environ, os.Stderr, shutdownGrace); err != nil {
		fmt.Fprintln(os.Stderr, "copilotkit:", err)
		os.Exit(1)
	}
}
