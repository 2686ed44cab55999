package main

import (
	"context"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/dynamodb"
)

// withDynamoDB adds DynamoDB, which the bundle leaves out since only AWS has it.
func withDynamoDB() bundle.Option {
	return bundle.WithStore("dynamodb", func(ctx context.Context, address string) (store.Store, error) {
		opened, err := dynamodb.Open(ctx, address, dynamodb.Options{})
		if err != nil {
			return nil, err // not the nil pointer in an interface
		}
		return opened, nil
	})
}
