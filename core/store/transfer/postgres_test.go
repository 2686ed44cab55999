package transfer_test

import (
	"log/slog"
	"testing"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/postgres"
	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
)

func inPostgres(t testing.TB) store.Store { return postgresAt(t, postgrestest.Start(t).URL()) }

func postgresAt(t testing.TB, url string) store.Store {
	s, err := postgres.Open(t.Context(), url, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	return kept(t, s, err)
}
