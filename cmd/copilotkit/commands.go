package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9/logging"
)

// subcommand is what the first argument asks for.
type subcommand struct {
	name, summary string
	// usage is shown below "Usage:".
	usage string
	run   func(ctx context.Context, args []string, s streams) int
}

// commands are all, in the order of the list that help shows.
func commands() []subcommand {
	return []subcommand{
		{"serve", "serve it in production: on all addresses, to those whom COPILOTKIT_AUTH lets in", "  copilotkit serve\n",
			alone("serve", func(ctx context.Context, s streams) int { return ended(serveProduction(ctx, os.Environ, s.err), s) })},
		{"health", "ask the server on this machine whether it is ready", "  copilotkit health\n\nThe exit code is 0 if it is.\n",
			alone("health", func(ctx context.Context, s streams) int { return health(ctx, os.Environ, s) })},
		{"check", "say what an environment does, and what is wrong with it or with a deployment", checkUsage,
			func(ctx context.Context, args []string, s streams) int {
				// The Redis driver has one logger for the whole program, and would write a line to
				// standard error for each connection that fails. The report says it once.
				logging.Disable()
				return check(ctx, args, os.Environ, s)
			}},
		{"threads", "move threads from one store to another", threadsUsage, threads},
		{"store", "print the tables of a Postgres store", storeUsage,
			func(_ context.Context, args []string, s streams) int { return storeCommand(args, os.Getenv, s) }},
		{"version", "say what this program was built from", versionUsage,
			func(_ context.Context, args []string, s streams) int { return version(args, s) }},
	}
}

// alone returns what runs a command that takes no arguments.
func alone(name string, run func(context.Context, streams) int) func(context.Context, []string, streams) int {
	return func(ctx context.Context, args []string, s streams) int {
		if len(args) > 0 {
			return misused(s, name, fmt.Sprintf("it takes no argument, and %q is one", args[0]))
		}
		return run(ctx, s)
	}
}

func lookup(name string) (subcommand, bool) {
	all := commands()
	i := slices.IndexFunc(all, func(c subcommand) bool { return c.name == name })
	if i < 0 {
		return subcommand{}, false
	}
	return all[i], true
}

// usage lists the commands.
func usage() string {
	var b strings.Builder
	b.WriteString("Usage:\n  copilotkit                  serve the runtime on this machine, with a playground\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  copilotkit %-16s %s\n", c.name, c.summary)
	}
	b.WriteString("  copilotkit help [COMMAND]   show this, or how a command is used\n\n" +
		"The environment configures it all: the README lists its variables. The exit code is 0 if\n" +
		"it is done, 1 for a failure, and 2 for wrong arguments.\n")
	return b.String()
}

// unknown says what is wrong with a first argument that is no command.
func unknown(arg string) string {
	if strings.HasPrefix(arg, "-") {
		return fmt.Sprintf("there is no flag %q: environment variables configure the server, such as PORT", arg)
	}
	return fmt.Sprintf("there is no command %q", arg)
}

func isHelp(arg string) bool {
	return arg == "-h" || arg == "-help" || arg == "--help" || arg == "help"
}

// help shows how a command is used, or which there are, and returns the exit code.
func help(args []string, s streams) int {
	if len(args) == 0 || isHelp(args[0]) {
		fmt.Fprint(s.out, usage())
		return 0
	}
	c, ok := lookup(args[0])
	if !ok || len(args) > 1 {
		fmt.Fprintf(s.err, "copilotkit: %s\n\n%s", unknown(args[len(args)-1]), usage())
		return 2
	}
	fmt.Fprintf(s.out, "Usage:\n%s", c.usage)
	return 0
}

// misused says what is wrong with a command's arguments and how it is used, and returns the
// exit code.
func misused(s streams, name, what string) int {
	c, _ := lookup(strings.Fields(name)[0])
	fmt.Fprintf(s.err, "copilotkit %s: %s\n\nUsage:\n%s", name, what, c.usage)
	return 2
}
