package main

import (
	"log/slog"
	"slices"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
	"github.com/copilotkit-go/runtime/core/store/postgres/rdsauth"
)

// platformOptions are what a platform's program adds to the bundle.
func platformOptions(platform platforms.Platform, env bundle.Env) []bundle.Option {
	var options []bundle.Option
	for name, option := range signIns() {
		if slices.Contains(platform.SignIns, name) {
			options = append(options, option)
		}
	}
	if slices.Contains(platform.Stores, "sqlite") {
		options = append(options, withSQLite())
	}
	if slices.Contains(platform.Stores, "dynamodb") {
		options = append(options, withDynamoDB(slog.New(slog.DiscardHandler)))
	}
	if platform.Name == "lambda" {
		options = append(options, bundle.WithDatabasePassword("aws", rdsauth.Password(getenv(env))))
	}
	return options
}
