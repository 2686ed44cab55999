package dynamodb_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

func TestMeterSharedByTwoProcesses(t *testing.T) {
	t.Parallel()
	storetest.RunMeter(t, func(t *testing.T) (a, b store.Store) {
		address := fresh()
		return open(t, address), open(t, address)
	})
}
