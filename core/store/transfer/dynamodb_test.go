package transfer_test

import (
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/dynamodb"
	"github.com/copilotkit-go/runtime/core/store/dynamodb/dynamotest"
)

// startDynamoDB lets the test and its subtests open stores on one server.
func startDynamoDB(t testing.TB) {
	server := dynamotest.Start(t)
	for _, variable := range server.Env() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", server.Direct)
}

// inDynamoDB opens a store on the server of startDynamoDB.
func inDynamoDB(t testing.TB) store.Store {
	s, err := dynamodb.Open(t.Context(), "dynamodb://threads?create=true&prefix="+rand.Text()+":", dynamodb.Options{Logger: slog.New(slog.DiscardHandler)})
	return kept(t, s, err)
}
