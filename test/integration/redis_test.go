package integration

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
)

var redisBackend = backend{
	name:     "Redis",
	onLambda: true,
	start:    func(t *testing.T) []string { return []string{"COPILOTKIT_STORE=" + redistest.Start(t).URL()} },
	breakable: func(t *testing.T) (env []string, away, back func()) {
		server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
		return []string{"COPILOTKIT_STORE=" + server.URL()}, server.Kill, server.Restart
	},
}
