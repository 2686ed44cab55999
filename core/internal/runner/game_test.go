package runner_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/internal/runner/runnertest"
	"github.com/copilotkit-go/runtime/core/store"
)

func TestGame(t *testing.T) {
	for name, policy := range map[string]runner.Options{
		"patient":   {},
		"impatient": {SupersedeRuns: true, CancelOnDisconnect: true, FailOnStoreFailure: true},
	} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint(name, " with seed ", seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := store.NewMemory(store.MemoryLimits{})
					runnertest.Game{
						Seed: seed, Moves: 24, Kills: 10, Runner: policy,
						Open: func(testing.TB) store.Store { return s },
					}.Play(t)
				})
			})
		}
	}
}
