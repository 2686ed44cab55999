package main

import (
	"context"
	"log/slog"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/sqlite"
)

// stores are the stores that this program adds to those of the bundle, which
// leaves SQLite out of the functions' binaries.
type stores struct{ opened []store.Store }

func (s *stores) option() bundle.Option {
	return bundle.WithStore("sqlite", func(ctx context.Context, address string) (store.Store, error) {
		opened, err := sqlite.Open(ctx, address)
		if err != nil {
			return nil, err
		}
		s.opened = append(s.opened, opened)
		return opened, nil
	})
}

func (s *stores) close(logger *slog.Logger) {
	for _, opened := range s.opened {
		if err := opened.Close(); err != nil {
			logger.Error("the store could not be closed", "error", err)
		}
	}
}
