package dynamodb_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/dynamodb"
	"github.com/copilotkit-go/runtime/core/store/dynamodb/dynamotest"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

// server is what most tests share: each has a prefix of its own.
var server *dynamotest.Server

func TestMain(m *testing.M) { goleak.VerifyTestMain(tests{m}) }

type tests struct{ *testing.M }

// Run runs the tests, with the server that they share.
func (t tests) Run() int {
	var err error
	if server, err = dynamotest.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Stop()
	for _, variable := range server.Env() {
		if name, value, _ := strings.Cut(variable, "="); name != "AWS_ENDPOINT_URL_DYNAMODB" {
			os.Setenv(name, value)
		}
	}
	return t.M.Run()
}

// What one process sees of itself is played by the games.
func TestStoreSharedByTwoProcesses(t *testing.T) {
	t.Parallel()
	storetest.RunShared(t, func(t *testing.T) (a, b store.Store) {
		address := fresh() + "&retention=1h&max-runs=100"
		return open(t, address), open(t, address)
	})
}

// fresh returns an address where nothing is.
func fresh() string { return "dynamodb://threads?create=true&prefix=" + rand.Text() + ":" }

func open(t testing.TB, address string) *dynamodb.Store {
	t.Helper()
	return openURL(t, address, server.Direct)
}

func openAt(t testing.TB, address string, proxy *dynamotest.Proxy) *dynamodb.Store {
	t.Helper()
	return openURL(t, address, proxy.URL)
}

func openURL(t testing.TB, address, url string) *dynamodb.Store {
	t.Helper()
	s, err := dynamodb.OpenAt(context.Background(), address, url, dynamodb.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
