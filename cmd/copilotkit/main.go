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
// With arguments it does something else, which copilotkit --help lists: it moves threads
// from one store to another, or prints the tables of a store.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

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

const usage = `Usage:
  copilotkit                  serve the runtime, with a playground
  copilotkit threads COMMAND  move threads from one store to another
  copilotkit store schema     print the tables of a Postgres store
  copilotkit version          print the version
`

// run does what the arguments ask for, and returns the exit code: 1 for a failure, 2 for
// arguments that ask for nothing.
func run(ctx context.Context, args []string, s streams) int {
	switch {
	case len(args) == 0:
		if err := serve(ctx, os.Environ, s.err, shutdownGrace); err != nil {
			fmt.Fprintln(s.err, "copilotkit:", err)
			return 1
		}
		return 0
	case args[0] == "threads":
		return threads(ctx, args[1:], s)
	case args[0] == "store":
		return storeCommand(args[1:], os.Getenv, s)
	case args[0] == "version" && len(args) == 1:
		fmt.Fprintln(s.out, "copilotkit", bundle.ReadBuild())
		return 0
	case isHelp(args[0]):
		_, _ = io.WriteString(s.out, usage)
		return 0
	default:
		fmt.Fprintf(s.err, "copilotkit: there is no command %q\n%s", args[0], usage)
		return 2
	}
}

func isHelp(arg string) bool {
	return arg == "-h" || arg == "-help" || arg == "--help" || arg == "help"
}
