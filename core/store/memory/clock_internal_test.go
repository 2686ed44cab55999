package memory

import (
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// The monotonic clock may stand still while a platform freezes the instance.
func TestAUsersRunsCountByTheWallClock(t *testing.T) {
	s := New(Limits{})
	defer s.Close()
	if err := s.Admit(t.Context(), store.Ticket{User: "ann", ID: "run", TTL: time.Minute}, store.Limits{RunsPerMinute: 1}); err != nil {
		t.Fatal(err)
	}
	a := s.meter.accounts["ann"]
	for _, at := range []time.Time{a.begun[0], a.held[0].expires} {
		if strings.Contains(at.String(), "m=") {
			t.Errorf("a time is %v", at)
		}
	}
}
