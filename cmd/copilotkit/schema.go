package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/copilotkit-go/runtime/core/store/postgres"
)

const storeUsage = `  copilotkit store schema [ADDRESS]

Prints the statements that make the tables of a Postgres store, for a role that may do so
where the one that serves may not. ADDRESS is as COPILOTKIT_STORE has it, which is taken if
there is none: its parameters schema and prefix count. It connects to nothing.

  copilotkit store schema | psql postgres://owner@host/database
`

// storeCommand does what the arguments behind "store" ask for, and returns the exit code:
// 1 for a failure, 2 for arguments that ask for nothing.
func storeCommand(args []string, getenv func(string) string, s streams) int {
	if len(args) == 0 || args[0] != "schema" || len(args) > 2 {
		return misused(s, "store", "it wants schema, and an address at most")
	}
	address := getenv("COPILOTKIT_STORE")
	switch {
	case len(args) == 2:
		address = args[1]
	case !strings.HasPrefix(address, "postgres"):
		address = "postgres:///" // the schema of a store whose address sets no names
	}
	script, err := postgres.Schema(address)
	if err == nil {
		_, err = io.WriteString(s.out, script)
	}
	if err != nil {
		fmt.Fprintln(s.err, "copilotkit:", err)
		return 1
	}
	return 0
}
