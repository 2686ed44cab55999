package cursor_test

import (
	"errors"
	"math"
	"testing"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/cursor"
)

func TestACursorIsReadAsItWasWritten(t *testing.T) {
	for _, id := range []string{"", "id", "with spaces in it", "\x00 🙂"} {
		for _, updated := range []int64{0, 1, -1, math.MaxInt64} {
			gotUpdated, gotID, err := cursor.Parse(cursor.Encode(updated, id))
			if gotUpdated != updated || gotID != id || err != nil {
				t.Errorf("%d %q: got %d %q, %v", updated, id, gotUpdated, gotID, err)
			}
		}
	}
}

func TestWhatIsNoCursorIsRefused(t *testing.T) {
	for _, text := range []string{"", "x", "!!!", "MTIz", "eCB5", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OSB4"} {
		if _, _, err := cursor.Parse(text); !errors.Is(err, store.ErrBadCursor) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
