package fallback_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
)

// A model that hangs costs a run a minute: of those that come at once when its rest is
// over, one pays it.
func TestOneRunOfManyFindsOutWhetherAModelIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &scripted{name: "a", fails: failing(model.CodeProviderUnavailable)}, &scripted{name: "b"}
		m := newModel(t, nil, first, second)
		for round := range 50 {
			before := first.count()
			var runs sync.WaitGroup
			for range 100 {
				runs.Go(func() {
					if text, err := ask(t, m, &model.Request{}); text != "b" || err != nil {
						t.Errorf("got %q and %v", text, err)
					}
				})
			}
			runs.Wait()
			if asked := first.count() - before; round > 0 && asked != 1 {
				t.Fatal(fmt.Sprint("it was asked ", asked, " times"))
			}
			time.Sleep(time.Minute)
		}
	})
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}
