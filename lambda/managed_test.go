package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/test/intelligencetest"
	"github.com/copilotkit-go/runtime/test/lambdaapi"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

// Where a managed platform keeps the threads, the answer to a run is whole before the run
// is: its instance must neither be frozen nor get another event meanwhile.

func TestARunGoesOnAfterItsAnswerBehindEveryDoor(t *testing.T) {
	t.Parallel()
	for _, door := range doors {
		t.Run(door.name, func(t *testing.T) {
			t.Parallel()
			managed := platformtest.NewManaged(t, "an answer of several words")
			held := managed.Model.Hold()
			function, d := startBootstrap(t, door, lambdaapi.Config{Env: managed.Env(), MaxInstances: 2})
			for _, name := range []string{"1", "2"} {
				managed.StartRun(t, d, "thread-"+name, "run-"+name)
				managed.AwaitText(t, "run-"+name)
			}
			instances := function.Instances()
			if len(instances) != 2 {
				t.Fatalf("two runs have %d instances", len(instances))
			}
			for n, instance := range instances {
				want := fmt.Sprintf("[next response begins %d-1 response ends %[1]d-1]", n+1)
				if got := fmt.Sprint(instance.Calls()); got != want || instance.State() == "T" {
					t.Errorf("instance %d, whose run goes on, has called %s and is in state %s", n+1, got, instance.State())
				}
			}
			held.Release()
			for _, name := range []string{"1", "2"} {
				checkWhole(t, managed, "run-"+name)
			}

			// While they stand still their connections end.
			for _, instance := range instances {
				instance.AwaitFrozen(t.Context())
			}
			managed.APIDown()
			managed.GatewayDown()
			if err := managed.APIUp(); err != nil {
				t.Fatal(err)
			}
			if err := managed.GatewayUp(); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"1", "2"} {
				managed.StartRun(t, d, "thread-"+name, "run-"+name+"-again")
				checkWhole(t, managed, "run-"+name+"-again")
			}
			if got := len(function.Instances()); got != 2 {
				t.Errorf("the next runs were answered by %d instances, want the two", got)
			}
		})
	}
}

// checkWhole checks that a run comes to its end and that all of it has arrived.
func checkWhole(t *testing.T, managed *platformtest.Managed, runID string) {
	t.Helper()
	events := managed.AwaitEnd(t, runID)
	if last := events[len(events)-1]; last.Type != "RUN_FINISHED" || platformtest.Text(events) != "an answer of several words" {
		t.Errorf("%s says %q and ends with %+v", runID, platformtest.Text(events), last)
	}
}

func TestARunAfterItsAnswerEndsBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]intelligencetest.Faults{
		"":                                    {},
		", where the gateway never answers":   {HoldTerminalAcks: true},
		", where the gateway has fallen mute": {Silent: true},
	} {
		for _, door := range waitingDoors {
			t.Run(door.name+name, func(t *testing.T) {
				t.Parallel()
				managed := platformtest.NewManaged(t, "an answer of several words")
				held := managed.Model.Hold()
				function, d := startBootstrap(t, door, lambdaapi.Config{Env: managed.Env(), Timeout: 6 * time.Second})
				managed.StartRun(t, d, "thread", "run")
				managed.AwaitText(t, "run")
				managed.SetFaults(func(f *intelligencetest.Faults) { *f = faults })
				if !faults.Silent {
					events := managed.AwaitEnd(t, "run")
					if last := events[len(events)-1]; last.Type != "RUN_ERROR" || last.Code != "DEADLINE_EXCEEDED" {
						t.Errorf("the run ends with %+v", last)
					}
				}
				instance := function.Instances()[0]
				instance.AwaitFrozen(t.Context())
				if calls := instance.Calls(); slices.Contains(calls, "timeout 1-1") {
					t.Errorf("the instance was killed at its deadline: %q", calls)
				}
				managed.AwaitUnlocked(t, "thread")

				managed.SetFaults(func(f *intelligencetest.Faults) { *f = intelligencetest.Faults{} })
				held.Release()
				managed.StartRun(t, d, "thread", "next")
				checkWhole(t, managed, "next")
				if got := len(function.Instances()); got != 1 {
					t.Errorf("there were %d instances, want one for both runs", got)
				}
			})
		}
	}
}

func TestARunAfterItsAnswerIsStoppedByAnotherInstance(t *testing.T) {
	t.Parallel()
	managed := platformtest.NewManaged(t, "never finished")
	defer managed.Model.Hold().Release()
	function, d := startBootstrap(t, doors[0], lambdaapi.Config{Env: managed.Env(), MaxInstances: 2})
	managed.StartRun(t, d, "thread", "run")
	managed.AwaitText(t, "run")

	if busy := managed.Post(t, d, "/agent/default/run", platformtest.ManagedInput("thread", "second")); busy.Status != http.StatusConflict {
		t.Errorf("a second run of the thread is answered with %d %s", busy.Status, busy.Body)
	}
	var live struct{ JoinToken string }
	managed.Post(t, d, "/agent/default/connect", platformtest.ManagedInput("thread", "")).JSON(t, http.StatusOK, &live)
	if live.JoinToken == "" {
		t.Error("connect has no token for the live run")
	}
	for _, want := range []string{`"stopped":true`, `"stopped":false`} {
		if answer := managed.Post(t, d, "/agent/default/stop/thread", "{}"); !strings.Contains(string(answer.Body), want) {
			t.Errorf("stop is answered with %d %s, want %s", answer.Status, answer.Body, want)
		}
		events := managed.AwaitEnd(t, "run")
		if last := events[len(events)-1]; last.Type != "RUN_FINISHED" {
			t.Errorf("the run ends with %+v", last)
		}
	}
	if got := len(function.Instances()); got != 2 {
		t.Errorf("%d instances have answered, want the run's and another", got)
	}
}

// A run that can't begin is answered, and its thread is free, before Lambda ends the
// instance.
func TestARunThatCannotBeginIsAnsweredBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	const slow = time.Minute
	for name, faults := range map[string]intelligencetest.Faults{
		"the gateway never lets it in":              {HangUpgrade: true},
		"its join is never answered":                {JoinDelay: slow},
		"neither it nor the lock's release returns": {HangUpgrade: true, Routes: map[string]intelligencetest.RouteFault{"DELETE /api/threads/{id}/lock": {Delay: slow, Done: true}}},
		"no thread is had":                          {Routes: map[string]intelligencetest.RouteFault{"GET /api/threads/{id}": {Delay: slow}}},
		"no lock is had":                            {Routes: map[string]intelligencetest.RouteFault{"POST /api/threads/{id}/lock": {Delay: slow, Done: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			managed := platformtest.NewManaged(t, "an answer of several words")
			managed.SetFaults(func(f *intelligencetest.Faults) { *f = faults })
			function, d := startBootstrap(t, doors[0], lambdaapi.Config{Env: managed.Env(), Timeout: 8 * time.Second})
			if got := managed.Post(t, d, "/agent/default/run", platformtest.ManagedInput("thread", "run")); got.Status != http.StatusBadGateway || !strings.HasPrefix(string(got.Body), `{"error":"`) {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
			managed.AwaitUnlocked(t, "thread")
			managed.SetFaults(func(f *intelligencetest.Faults) { *f = intelligencetest.Faults{} })
			managed.StartRun(t, d, "thread", "next")
			checkWhole(t, managed, "next")
			if instances := function.Instances(); len(instances) != 1 {
				t.Errorf("there were %d instances, and the first has called %q", len(instances), instances[0].Calls())
			}
		})
	}
}
