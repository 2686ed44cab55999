package runner_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

func TestConnectShowsCompactedHistory(t *testing.T) {
	f := newFixture(t, runner.Options{})
	want(t, f.connect(t, 0))
	f.run(t, request(script(start("a"), delta("a", "1"), delta("a", "2"), end("a"), finished()), "one", "hi"))
	f.run(t, request(script(start("b"), delta("b", "3"), delta("b", "4"), end("b"), finished()), "two", "hi", "ho"))
	all := []string{
		"run_started one +hi", "text_message_start a", "text_message_content a 12", "text_message_end a", "run_finished run",
		"run_started two +ho", "text_message_start b", "text_message_content b 34", "text_message_end b", "run_finished run",
	}
	want(t, f.connect(t, 0), all...)
	for after, rest := range [][]string{nil, all[1:], all[2:],
		append([]string{"text_message_content a 2"}, all[3:]...), all[3:], all[4:], all[5:]} {
		if after > 0 {
			want(t, f.connect(t, int64(after)), rest...)
		}
	}
	want(t, f.connect(t, 12))
}

func TestConnectWithAnIDBeyondTheThreadBeginsAnew(t *testing.T) {
	all := []string{"run_started run", "text_message_start m", "text_message_content m x", "text_message_end m", "run_finished run"}
	t.Run("when its run has finished", func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		f.run(t, request(script(start("m"), delta("m", "x"), end("m"), finished()), "run"))
		want(t, f.connect(t, 1000), all...)
	})
	t.Run("when its run is live", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, runner.Options{})
			a := newSteered()
			b := f.stream(t, t.Context(), request(a, "run"))
			a.steps <- start("m")
			follower := &background{done: make(chan error, 1)}
			go func() { follower.done <- f.Connect(t.Context(), key, 1000, runner.Each(follower.follow)) }()
			time.Sleep(5 * time.Second)
			synctest.Wait()
			want(t, follower.events(), all[:2]...)
			a.steps <- delta("m", "x")
			a.steps <- end("m")
			a.steps <- finished()
			close(a.steps)
			for _, done := range []chan error{b.done, follower.done} {
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			}
			want(t, follower.events(), all...)
		})
	})
	t.Run("when there is nothing", func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		want(t, f.connect(t, 1000))
	})
}

// A client that reads a run's own stream may be ahead of what is recorded of it.
func TestConnectWaitsForWhatItsClientHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		lease, err := f.store.Begin(t.Context(), store.BeginRequest{Key: key, RunID: "run", TTL: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		record := func(events ...agui.Event) {
			t.Helper()
			var records []store.Record
			for i, event := range events {
				encoded, err := agui.Encode(event)
				if err != nil {
					t.Fatal(err)
				}
				records = append(records, store.Record{Seq: lease.NextSeq() + int64(i), Event: encoded})
			}
			if err := lease.Append(t.Context(), records); err != nil {
				t.Fatal(err)
			}
		}
		record(agui.RunStartedEvent{ThreadID: key.ID, RunID: "run"}, start("m"))
		follower := &background{done: make(chan error, 1)}
		go func() { follower.done <- f.Connect(t.Context(), key, 3, runner.Each(follower.follow)) }()
		time.Sleep(time.Second)
		record(delta("m", "x"))
		synctest.Wait()
		want(t, follower.events())
		record(end("m"), finished())
		if err := <-follower.done; err != nil {
			t.Fatal(err)
		}
		want(t, follower.events(), "text_message_end m", "run_finished run")
	})
}

func TestTenFollowersGetEverythingOnce(t *testing.T) {
	const followers, deltas = 10, 500
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			f := newFixture(t, runner.Options{})
			f.run(t, request(script(start("old"), delta("old", "history"), end("old"), finished()), "old"))
			a := newSteered()
			b := f.stream(t, t.Context(), request(a, "run", "hi"))
			joins := make(map[int]int)
			for range followers {
				joins[random.IntN(deltas)]++
			}
			var group sync.WaitGroup
			clients := make([]*client, 0, followers)
			a.steps <- start("m")
			for n := range deltas {
				for range joins[n] {
					c := &client{}
					clients = append(clients, c)
					group.Go(func() {
						if err := f.Connect(t.Context(), key, 0, runner.Each(c.follow)); err != nil {
							t.Error(err)
						}
					})
				}
				a.steps <- delta("m", fmt.Sprint("<", n, ">"))
			}
			a.steps <- end("m")
			a.steps <- finished()
			close(a.steps)
			if err := <-b.done; err != nil {
				t.Fatal(err)
			}
			group.Wait()
			history := []string{"run_started old", "text_message_start old", "text_message_content old history", "text_message_end old", "run_finished run"}
			for i, c := range clients {
				got := c.events()
				if len(got) < len(history) {
					t.Fatalf("follower %d got %q", i, got)
				}
				want(t, got[:len(history)], history...)
				want(t, joinDeltas(got[len(history):]), joinDeltas(b.events())...)
			}
		})
	}
}

// joinDeltas joins the deltas of a message in lines, so that a stream compares
// with another that got them in other pieces.
func joinDeltas(lines []string) []string {
	var joined []string
	for _, line := range lines {
		const content = "text_message_content m "
		text, found := strings.CutPrefix(line, content)
		if found && len(joined) > 0 && strings.HasPrefix(joined[len(joined)-1], content) {
			joined[len(joined)-1] += text
			continue
		}
		joined = append(joined, line)
	}
	return joined
}

func TestFollowerResumesInsideAFinishedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		a := newSteered()
		b := f.stream(t, t.Context(), request(a, "run"))
		a.steps <- start("m")
		for n := range 5 {
			a.steps <- delta("m", fmt.Sprint("é", n))
		}
		synctest.Wait()
		// This one's connection breaks in the middle; the run ends meanwhile.
		var first client
		broken := errors.New("broken")
		err := f.Connect(t.Context(), key, 0, runner.Each(func(record store.Record) error {
			if len(first.lines) == 4 {
				return broken
			}
			return first.follow(record)
		}))
		if !errors.Is(err, broken) {
			t.Fatalf("connect: %v", err)
		}
		a.steps <- end("m")
		a.steps <- finished()
		close(a.steps)
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
		var second client
		if err := f.Connect(t.Context(), key, first.seqs[3], runner.Each(second.follow)); err != nil {
			t.Fatal(err)
		}
		want(t, first.events(), "run_started run", "text_message_start m", "text_message_content m é0", "text_message_content m é1")
		want(t, second.events(), "text_message_content m é2é3é4", "text_message_end m", "run_finished run")
	})
}

func TestFollowerEndsWithTheRunThatItFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{SupersedeRuns: true})
		a := newSteered()
		b := f.stream(t, t.Context(), request(a, "one"))
		follower := &background{done: make(chan error, 1)}
		go func() { follower.done <- f.Connect(t.Context(), key, 0, runner.Each(follower.follow)) }()
		a.steps <- start("m")
		synctest.Wait()
		next := newSteered()
		second := f.stream(t, t.Context(), request(next, "two"))
		if err := <-follower.done; err != nil {
			t.Fatal(err)
		}
		want(t, follower.events(), "run_started one", "text_message_start m", "text_message_end m", "run_finished one")
		<-b.done
		close(next.steps)
		<-second.done
	})
}

func TestFollowerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		a := newSteered()
		b := f.stream(t, t.Context(), request(a, "run"))
		a.steps <- start("m")
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		follower := &background{done: make(chan error, 1)}
		go func() { follower.done <- f.Connect(ctx, key, 0, runner.Each(follower.follow)) }()
		synctest.Wait()
		cancel()
		if err := <-follower.done; !errors.Is(err, context.Canceled) {
			t.Fatalf("connect: %v", err)
		}
		// Near the deadline the stream is closed in order, the run goes on.
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		go func() { follower.done <- f.Connect(ctx, key, 0, runner.Each(follower.follow)) }()
		if err := <-follower.done; err != nil {
			t.Fatalf("connect: %v", err)
		}
		if took := time.Since(begun); took != 58*time.Second {
			t.Errorf("the stream was closed after %v", took)
		}
		want(t, follower.events(), "run_started run", "text_message_start m", "run_started run", "text_message_start m",
			"run_error DEADLINE_EXCEEDED The connection reached the platform's time limit, the run goes on")
		if got := follower.seqs[len(follower.seqs)-1]; got != 0 {
			t.Errorf("an event that isn't recorded has seq %d", got)
		}
		close(a.steps)
		<-b.done
	})
}
