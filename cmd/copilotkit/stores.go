package main

import (
	"context"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/sqlite"
)

// withSQLite adds SQLite, which the bundle leaves out so that function binaries
// don't link it.
func withSQLite() bundle.Option {
	return bundle.WithStore("sqlite", func(ctx context.Context, address string) (store.Store, error) {
		opened, err := sqlite.Open(ctx, address)
		if err != nil {
			return nil, err // not the nil pointer in an interface
		}
		return opened, nil
	})
}
