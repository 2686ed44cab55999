package runner_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

func TestGame(t *testing.T) {
	for name, impatient := range map[string]bool{"patient": false, "impatient": true} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint(name, " with seed ", seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := memory.New(memory.Limits{})
					storetest.Play(t, storetest.Game{
						Seed: seed, Moves: 24, Kills: 10, Impatient: impatient,
						Open: func(testing.TB) store.Store { return s },
					})
				})
			})
		}
	}
}
