package fallback

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
)

type failing struct{}

func (failing) Stream(context.Context, *model.Request) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) { yield(model.Delta{}, errors.New("down")) }
}

// The monotonic clock may stand still while a platform freezes the instance.
func TestAModelRestsByTheWallClock(t *testing.T) {
	m, err := New(Config{Candidates: []Candidate{{Name: "a", Model: failing{}}, {Name: "b", Model: failing{}}}})
	if err != nil {
		t.Fatal(err)
	}
	for range m.Stream(t.Context(), &model.Request{}) {
	}
	if at := m.candidates[0].failed; at.IsZero() || strings.Contains(at.String(), "m=") {
		t.Errorf("it rests since %v", at)
	}
}
