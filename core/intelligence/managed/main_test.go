package managed_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(servesBenchmarks) != "" {
		serveBenchmarks()
		return
	}
	goleak.VerifyTestMain(m)
}
