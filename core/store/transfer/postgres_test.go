package transfer_test

import (
	"log/slog"
	"testing"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/postgres"
	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
)

func inPostgres(t testing.TB) store.Store {
	s, err := postgres.Open(t.Context(), postgrestest.Start(t).URL(), postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	return kept(t, s, err)
}
