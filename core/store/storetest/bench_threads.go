package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// The threads that [BenchThreads] measures with.
const (
	benchThreads = 1000
	benchRuns    = 10
)

// BenchThreads measures what lists and changes of threads cost in a store with a
// thousand threads of one owner that have ten runs each: to list all of them, or fifty of
// this owner's or of all owners', to rename one, to read one's history, and to delete one.
// It reports what storing a finished run has taken (run-µs), of eight at a time.
func BenchThreads(b *testing.B, s store.Store) {
	begun := time.Now()
	Fill(b, s, benchThreads, benchRuns)
	perRun := time.Since(begun) / (benchThreads * benchRuns)
	check := func(b *testing.B, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	list := func(query store.Query, want int) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				page, err := s.Threads(b.Context(), query)
				if check(b, err); len(page.Threads) != want {
					b.Fatalf("the list has %d threads, want %d", len(page.Threads), want)
				}
			}
			b.ReportMetric(float64(perRun.Microseconds()), "run-µs")
		}
	}
	b.Run("list", list(store.Query{Owner: fillOwner}, benchThreads))
	b.Run("page", list(store.Query{Owner: fillOwner, Limit: 50}, 50))
	b.Run("page-of-all-owners", list(store.Query{AllOwners: true, Limit: 50}, 50))
	b.Run("rename", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			name := fmt.Sprint("name ", n)
			_, err := s.UpdateThread(b.Context(), fillKey(n%benchThreads), store.Patch{Name: &name})
			check(b, err)
		}
	})
	b.Run("history", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			page, err := s.Read(b.Context(), fillKey(n%benchThreads), 0, false)
			if check(b, err); len(page.Records) != benchRuns*fillRecords {
				b.Fatalf("a history has %d records", len(page.Records))
			}
		}
	})
	b.Run("delete", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			key := fillKey(n % benchThreads)
			check(b, s.DeleteThread(b.Context(), key))
			b.StopTimer()
			check(b, fill(b.Context(), s, key, benchRuns))
			b.StartTimer()
		}
	})
}

const (
	fillOwner = "bench"
	// fillRecords is how many records a run of Fill has.
	fillRecords = 5
)

func fillKey(n int) store.Key { return store.Key{Owner: fillOwner, ID: fmt.Sprint("thread ", n)} }

// Fill gives a store threads of one owner, with finished runs that have a message of
// about 1 KB each.
func Fill(tb testing.TB, s store.Store, threads, runs int) {
	tb.Helper()
	const atOnce = 8
	var group sync.WaitGroup
	for w := range atOnce {
		group.Go(func() {
			for n := w; n < threads; n += atOnce {
				if err := fill(tb.Context(), s, fillKey(n), runs); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if tb.Failed() {
		tb.FailNow()
	}
}

// fill does the runs of one thread.
func fill(ctx context.Context, s store.Store, key store.Key, runs int) error {
	for run := range runs {
		question, answer := fmt.Sprint("question ", run), fmt.Sprint("answer ", run)
		lease, err := s.Begin(ctx, store.BeginRequest{
			Key: key, AgentID: "agent", RunID: fmt.Sprint("run ", run), TTL: longTTL, MessageIDs: []string{question},
		})
		if err != nil {
			return err
		}
		events := [fillRecords]agui.Event{
			agui.RunStartedEvent{ThreadID: key.ID, RunID: lease.RunID(), ParentRunID: lease.ParentRunID()},
			agui.TextMessageStartEvent{MessageID: answer, Role: agui.RoleAssistant},
			agui.TextMessageContentEvent{MessageID: answer, Delta: strings.Repeat("some words ", 100)},
			agui.TextMessageEndEvent{MessageID: answer},
			agui.RunFinishedEvent{ThreadID: key.ID, RunID: lease.RunID()},
		}
		result := &store.Result{
			MessageIDs: []string{question, answer},
			Snapshot:   store.Snapshot{Messages: json.RawMessage(`[{"id":"` + answer + `","role":"assistant","content":"some words"}]`)},
		}
		for i, event := range events {
			encoded, err := agui.Encode(event)
			if err != nil {
				return err
			}
			result.Records = append(result.Records, store.Record{Seq: lease.NextSeq() + int64(i), Event: encoded})
		}
		if err := lease.Finish(ctx, result); err != nil {
			return err
		}
	}
	return nil
}
