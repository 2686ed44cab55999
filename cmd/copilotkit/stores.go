package main

import (
	"context"
	"log/slog"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/dynamodb"
	"github.com/copilotkit-go/runtime/core/store/sqlite"
)

// withDynamoDB adds DynamoDB, which the bundle leaves out since only AWS has it.
func withDynamoDB(logger *slog.Logger) bundle.Option {
	return bundle.WithStore("dynamodb", func(ctx context.Context, address string) (store.Store, error) {
		opened, err := dynamodb.Open(ctx, address, dynamodb.Options{Logger: logger})
		if err != nil {
			return nil, err // not the nil pointer in an interface
		}
		return opened, nil
	})
}

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
