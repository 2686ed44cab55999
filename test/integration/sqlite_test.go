package integration

import (
	"path/filepath"
	"testing"
)

var sqliteBackend = backend{
	name: "a SQLite file",
	start: func(t *testing.T) []string {
		return []string{"COPILOTKIT_STORE=sqlite://" + filepath.Join(t.TempDir(), "threads.db")}
	},
}
