package integration

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
)

// The instances of eight tests have more connections than Postgres allows of itself.
var sharedPostgres = shared[*postgrestest.Server]{start: func(t testing.TB) *postgrestest.Server {
	return postgrestest.Start(t, "max_connections=400")
}}

var postgresBackend = backend{
	name: "Postgres",
	start: func(t *testing.T) []string {
		return []string{"COPILOTKIT_STORE=" + sharedPostgres.use(t).URL() + "&prefix=" + ownName()}
	},
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
		return []string{"COPILOTKIT_STORE=" + postgrestest.StartBouncer(t, sharedPostgres.use(t), "transaction") + "&prefix=" + ownName()}
	},
}
