// Command copilotkit serves the runtime on this machine, with a playground page
// at its root.
//
//	go run ./cmd/copilotkit
//
// It needs no key: without one the embedded demo model answers. The README lists
// the environment variables. It only listens on 127.0.0.1, and only answers requests
// for this machine and of its pages, unless COPILOTKIT_CORS_ORIGINS lists others. After an interrupt or SIGTERM, runs have half a minute to finish;
// those that don't are closed with RUN_ERROR. A second signal ends the program at
// once.
//
//	copilotkit store schema
//
// prints the statements that make the tables of a Postgres store.
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
	// A second signal has its usual effect.
	context.AfterFunc(ctx, stop)

	if len(os.Args) > 1 && os.Args[1] == "store" {
		os.Exit(storeCommand(os.Args[2:], os.Getenv, os.Stdout, os.Stderr))
	}
	if err := serve(ctx, os.Environ, os.Stderr, shutdownGrace); err != nil {
		fmt.Fprintln(os.Stderr, "copilotkit:", err)
		os.Exit(1)
	}
}
