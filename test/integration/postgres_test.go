package integration

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
)

func serversOnPostgres(t *testing.T, env []string) pair {
	env = append(env, "COPILOTKIT_STORE="+postgrestest.Start(t).URL())
	return pair{startServer(t, env), startServer(t, env)}
}

// functionsOnPostgres reach their server through a pooler, as where there are many
// instances: no message of the server arrives.
func functionsOnPostgres(t *testing.T, env []string) pair {
	env = append(env, "COPILOTKIT_STORE="+postgrestest.StartBouncer(t, postgrestest.Start(t), "transaction"))
	return pair{startFunction(t, env), startFunction(t, env)}
}
