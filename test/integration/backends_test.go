package integration

import "testing"

// backend is a store that instances can share.
type backend struct {
	name string
	// start starts it for a test, and returns the environment of its instances.
	start func(t *testing.T) []string
	// onLambda is set if the function links it.
	onLambda bool
	// breakable starts one that can be taken away and given back, with what it has
	// stored. It is nil if there is no server to take away.
	breakable func(t *testing.T) (env []string, away, back func())
}

// backends are what the tests of this package run on.
var backends = []backend{redisBackend, sqliteBackend, dynamoDBBackend, postgresBackend, poolerBackend}
