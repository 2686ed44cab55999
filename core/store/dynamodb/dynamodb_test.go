package dynamodb_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/dynamodb"
	"github.com/copilotkit-go/runtime/core/store/dynamodb/dynamotest"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

// server is what most tests share: each has a prefix of its own.
var server *dynamotest.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = dynamotest.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": "",
		"AWS_REGION": "us-east-1",
	} {
		os.Setenv(name, value)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(), goleak.Cleanup(func(code int) {
		server.Stop()
		os.Exit(code)
	}))
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, fresh()) })
}

func TestStoreSharedByTwoProcesses(t *testing.T) {
	t.Parallel()
	storetest.RunShared(t, func(t *testing.T) (a, b store.Store) {
		address := fresh() + "&retention=1h&max-runs=100"
		return open(t, address), open(t, address)
	})
}

// fresh returns an address where nothing is.
func fresh() string { return "dynamodb://threads?create=true&prefix=" + rand.Text() + ":" }

func open(t testing.TB, address string) *dynamodb.Store { return openAt(t, address, server.Proxy) }

func openAt(t testing.TB, address string, proxy *dynamotest.Proxy) *dynamodb.Store {
	t.Helper()
	s, err := dynamodb.OpenAt(context.Background(), address, proxy.URL, dynamodb.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var _ sync.Mutex
