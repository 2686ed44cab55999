package background_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/store/internal/background"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNothingStartsAfterTheEnd(t *testing.T) {
	group, ended := background.New(), make(chan struct{})
	if !group.Start(func() { <-group.Context().Done(); close(ended) }) {
		t.Fatal("it doesn't start")
	}
	group.End()
	group.End()
	group.Wait()
	select {
	case <-ended:
	default:
		t.Error("Wait hasn't waited")
	}
	if group.Start(func() { t.Error("it runs") }) {
		t.Error("it starts after the end")
	}
	group.Wait()
}
