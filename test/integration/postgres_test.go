package integration

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
)

var postgresBackend = backend{
	name:  "Postgres",
	start: func(t *testing.T) []string { return []string{"COPILOTKIT_STORE=" + postgrestest.Start(t).URL()} },
	breakable: func(t *testing.T) (env []string, away, back func()) {
		server := postgrestest.Start(t)
		return []string{"COPILOTKIT_STORE=" + server.URL()}, server.Kill, server.Restart
	},
}

// poolerBackend is a Postgres behind a pooler, as where there are many instances: no
// message of the server arrives.
var poolerBackend = backend{
	name:     "Postgres behind a pooler",
	onLambda: true,
	start: func(t *testing.T) []string {
		return []string{"COPILOTKIT_STORE=" + postgrestest.StartBouncer(t, postgrestest.Start(t), "transaction")}
	},
}
