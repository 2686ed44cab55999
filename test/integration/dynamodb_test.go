package integration

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/store/dynamodb/dynamotest"
)

var sharedDynamoDB = shared[*dynamotest.Server]{start: func(t testing.TB) *dynamotest.Server { return dynamotest.Start(t) }}

var dynamoDBBackend = backend{
	name:     "DynamoDB",
	onLambda: true,
	start: func(t *testing.T) []string {
		return append(sharedDynamoDB.use(t).Env(), "COPILOTKIT_STORE=dynamodb://"+ownName()+"?create=true")
	},
	breakable: startDynamoDB,
}

func startDynamoDB(t *testing.T) (env []string, away, back func()) {
	server := dynamotest.Start(t)
	always := func(fault dynamotest.Fault) func() {
		return func() { server.Fault(func(string) dynamotest.Fault { return fault }) }
	}
	env = append(server.Env(), "COPILOTKIT_STORE=dynamodb://threads?create=true")
	return env, always(dynamotest.Refuse), always(dynamotest.None)
}
