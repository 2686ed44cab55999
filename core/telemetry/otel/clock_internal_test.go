package otel

import (
	"errors"
	"strings"
	"testing"
)

// The monotonic clock may stand still while a platform freezes the instance.
func TestAnExporterIsLeftAloneByTheWallClock(t *testing.T) {
	var b breaker
	if began, _ := b.done(errors.New("down")); !began || strings.Contains(b.failed.String(), "m=") {
		t.Errorf("it failed at %v", b.failed)
	}
}
