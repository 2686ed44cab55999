// Command copilotkit serves the runtime on this machine, with a playground page
// at its root, or with a front end there that COPILOTKIT_STATIC names.
//
//	go run ./cmd/copilotkit
//
// It needs no key: without one the embedded demo model answers. The README lists
// the environment variables. It only listens on 127.0.0.1, and only answers requests
// for this machine and of its pages, unless COPILOTKIT_CORS_ORIGINS lists others. After an
// interrupt or SIGTERM, runs have half a minute to finish, or COPILOTKIT_SHUTDOWN_SECONDS;
// those that don't are closed with RUN_ERROR. A second signal ends the program at once.
//
// With arguments it does something else, which copilotkit help lists: it serves in
// production, as the image does, checks an environment or a deployment, moves threads from
// one store to another, or prints the tables of a store.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/copilotkit-go/runtime/core/bundle"
)

func main() {
	ctx, stop := bundle.UntilSignal()
	defer stop()

	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// streams are what a program reads and writes.
type streams struct {
	in  io.Reader
	out io.WriteCloser
	err io.Writer
}

// run does what the arguments ask for, and returns the exit code: 0 if it is done, 1 for a
// failure, 2 for arguments that ask for nothing.
func run(ctx context.Context, args []string, s streams) int {
	if len(args) == 0 {
		return ended(serve(ctx, os.Environ, s.err), s)
	}
	if isHelp(args[0]) {
		return help(args[1:], s)
	}
	c, ok := lookup(args[0])
	if !ok {
		fmt.Fprintf(s.err, "copilotkit: %s\n\n%s", unknown(args[0]), usage())
		return 2
	}
	if slices.ContainsFunc(args[1:], func(arg string) bool { return arg != "help" && isHelp(arg) }) {
		return help(args[:1], s)
	}
	return c.run(ctx, args[1:], s)
}

// ended returns the exit code of a server, and says what it has failed with.
func ended(err error, s streams) int {
	if err != nil {
		fmt.Fprintln(s.err, "copilotkit:", err)
		return 1
	}
	return 0
}
