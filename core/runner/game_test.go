package runner_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/copilotkit-go/runtime/core/runner/runnertest"
	"github.com/copilotkit-go/runtime/core/store"
)

func TestGame(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := store.NewMemory(store.MemoryLimits{})
				runnertest.Game{
					Seed: seed, Moves: 30, Kills: 12,
					Open: func(testing.TB) store.Store { return s },
				}.Play(t)
			})
		})
	}
}
