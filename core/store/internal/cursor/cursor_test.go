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

func TestACursorOfAllOwnersNamesItsPlace(t *testing.T) {
	for _, want := range []store.Key{{}, {Owner: "a"}, {ID: "a"}, {Owner: "a:b %", ID: ":c d\x00é"}} {
		updated, key, err := cursor.ParseKey(cursor.EncodeKey(-17, want))
		if updated != -17 || key != want || err != nil {
			t.Errorf("%q: got %d %q, %v", want, updated, key, err)
		}
	}
	for _, bad := range []string{"", "x", cursor.Encode(1, "no colon"), cursor.Encode(1, "a%:b"), cursor.Encode(1, "a:%zz")} {
		if _, key, err := cursor.ParseKey(bad); !errors.Is(err, store.ErrBadCursor) || key != (store.Key{}) {
			t.Errorf("%q: got %q, %v", bad, key, err)
		}
	}
}
