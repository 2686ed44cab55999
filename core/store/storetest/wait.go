package storetest

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
)

type readResult struct {
	page store.Page
	err  error
}

// waiting starts a reader that waits for records after a Seq.
func (s *suite) waiting(ctx context.Context, key store.Key, after int64) <-chan readResult {
	return async(func() readResult {
		page, err := s.Other.Read(ctx, key, after, true)
		return readResult{page, err}
	})
}

var waitTests = []test{
	{"a reader gets what is there without waiting", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		s.append(lease, s.records(1, "one", 2))
		result := await(s, "read", s.waiting(s.context(), thread, 1))
		if result.err != nil || len(result.page.Records) != 1 || !result.page.Live {
			s.Fatalf("read: %+v, %v", result.page, result.err)
		}
	}},
	{"a reader doesn't wait where no run is live", func(s *suite) {
		s.run(thread, "one", 2)
		result := await(s, "read", s.waiting(s.context(), thread, 2))
		if result.err != nil || len(result.page.Records) != 0 || result.page.Live {
			s.Fatalf("read: %+v, %v", result.page, result.err)
		}
	}},
	{"an append wakes every reader", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		s.append(lease, s.records(1, "one", 1))
		readers := make([]<-chan readResult, 10)
		for i := range readers {
			readers[i] = s.waiting(s.context(), thread, 1)
		}
		s.append(lease, s.records(2, "more", 2))
		for _, reader := range readers {
			result := await(s, "wake", reader)
			if result.err != nil || len(result.page.Records) == 0 || result.page.Records[0].Seq != 2 {
				s.Fatalf("woken with %+v, %v", result.page, result.err)
			}
		}
	}},
	{"an append wakes a reader soon", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		begun := time.Now()
		for seq := range int64(20) {
			reader := s.waiting(s.context(), thread, seq)
			s.append(lease, s.records(seq+1, "one", 1))
			await(s, "wake", reader)
		}
		// A store that polls once a second can't do this.
		if took := time.Since(begun); took > 10*time.Second {
			s.Fatalf("20 wake-ups took %v", took)
		}
	}},
	{"the end of the run wakes a reader", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		records := s.records(1, "one", 1)
		s.append(lease, records)
		reader := s.waiting(s.context(), thread, 1)
		s.finish(lease, &store.Result{Records: records})
		result := await(s, "wake", reader)
		if result.err != nil || len(result.page.Records) != 0 || result.page.Live || result.page.Orphaned {
			s.Fatalf("woken with %+v, %v", result.page, result.err)
		}
	}},
	{"records that come with the end of the run reach a reader", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		s.append(lease, s.records(1, "one", 1))
		reader := s.waiting(s.context(), thread, 1)
		s.finish(lease, &store.Result{Records: s.records(1, "one", 3)})
		result := await(s, "wake", reader)
		if result.err != nil || result.page.Live {
			s.Fatalf("woken with %+v, %v", result.page, result.err)
		}
		s.wantRecords(result.page.Records, s.records(1, "one", 3)[1:])
	}},
	{"a reader beyond the end waits for the end of the run", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		reader := s.waiting(s.context(), thread, math.MaxInt64)
		s.append(lease, s.records(1, "one", 1))
		s.append(lease, s.records(2, "two", 1))
		select {
		case result := <-reader:
			if result.err != nil || len(result.page.Records) > 0 || !result.page.Live {
				s.Fatalf("woken with %+v, %v", result.page, result.err)
			}
			// A store may return early, and the reader then waits again.
			reader = s.waiting(s.context(), thread, math.MaxInt64)
		default:
		}
		s.finish(lease, &store.Result{Records: s.records(1, "one", 2)})
		result := await(s, "wake", reader)
		for result.err == nil && result.page.Live {
			result = await(s, "wake", s.waiting(s.context(), thread, math.MaxInt64))
		}
		if result.err != nil || len(result.page.Records) != 0 {
			s.Fatalf("woken with %+v, %v", result.page, result.err)
		}
	}},
	{"a run that leaves no trace wakes a reader", func(s *suite) {
		s.run(thread, "zero", 1)
		lease := s.begin(thread, "one", longTTL)
		reader := s.waiting(s.context(), thread, 1)
		s.finish(lease, nil)
		result := await(s, "wake", reader)
		if result.err != nil || len(result.page.Records) != 0 || result.page.Live {
			s.Fatalf("woken with %+v, %v", result.page, result.err)
		}
	}},
	{"the expiry of the lease wakes a reader", func(s *suite) {
		s.brief(thread, "one", 1)
		result := await(s, "wake", s.waiting(s.context(), thread, 1))
		if result.err != nil || result.page.Live || !result.page.Orphaned || result.page.RunID != "one" {
			s.Fatalf("woken with %+v, %v", result.page, result.err)
		}
	}},
	{"a renewed lease doesn't wake a reader at its old expiry", func(s *suite) {
		var reader <-chan readResult
		lease := s.renewed(thread, func(ttl time.Duration) {
			_ = pause.Sleep(s.context(), ttl/4)
		}, func() { reader = s.waiting(s.context(), thread, 0) })
		select {
		case result := <-reader:
			s.Fatalf("woken with %+v, %v", result.page, result.err)
		default:
		}
		s.append(lease, s.records(1, "one", 1))
		if result := await(s, "wake", reader); result.err != nil || len(result.page.Records) != 1 {
			s.Fatalf("woken with %+v, %v", result.page, result.err)
		}
	}},
	{"the reader's context ends the wait", func(s *suite) {
		s.begin(thread, "one", longTTL)
		ctx, cancel := context.WithCancel(s.context())
		reader := s.waiting(ctx, thread, 0)
		cancel()
		if result := await(s, "wake", reader); !errors.Is(result.err, context.Canceled) {
			s.Fatalf("woken with %+v, %v", result.page, result.err)
		}
	}},
	{"deleting the thread wakes a reader", func(s *suite) {
		s.begin(thread, "one", longTTL)
		reader := s.waiting(s.context(), thread, 0)
		if err := s.Store.DeleteThread(s.context(), thread); err != nil {
			s.Fatalf("delete: %v", err)
		}
		if result := await(s, "wake", reader); result.err != nil || result.page.Live || len(result.page.Records) != 0 {
			s.Fatalf("woken with %+v, %v", result.page, result.err)
		}
	}},
	{"closing the store ends the wait", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		reader := s.waiting(s.context(), thread, 0)
		stop := async(func() error { return lease.AwaitStop(s.context()) })
		if err := s.Other.Close(); err != nil {
			s.Fatalf("close: %v", err)
		}
		if err := s.Store.Close(); err != nil {
			s.Fatalf("close: %v", err)
		}
		if result := await(s, "wake", reader); result.err == nil {
			s.Fatalf("woken with %+v and no error", result.page)
		}
		if err := await(s, "await stop", stop); err == nil {
			s.Fatal("closing the store looks like a stop")
		}
	}},
}

var stopTests = []test{
	{"a stop reaches the run once", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		waiting := async(func() error { return lease.AwaitStop(s.context()) })
		for i, want := range []bool{true, false} {
			stopped, err := s.Other.Stop(s.context(), thread, "")
			if stopped != want || err != nil {
				s.Fatalf("stop %d: %v, %v", i, stopped, err)
			}
		}
		if err := await(s, "stop", waiting); err != nil {
			s.Fatalf("await stop: %v", err)
		}
		s.append(lease, s.records(1, "one", 1))
		s.finish(lease, &store.Result{Records: s.records(1, "one", 1)})
	}},
	{"a stop before the run waits for it isn't lost", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		if stopped, err := s.Other.Stop(s.context(), thread, "one"); !stopped || err != nil {
			s.Fatalf("stop: %v, %v", stopped, err)
		}
		if err := lease.AwaitStop(s.context()); err != nil {
			s.Fatalf("await stop: %v", err)
		}
	}},
	{"a stop reaches a run that is being written", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		waiting := async(func() error { return lease.AwaitStop(s.context()) })
		select {
		case err := <-waiting:
			s.Fatalf("await stop, with no stop: %v", err)
		case <-time.After(briefTTL): // until it waits
		}
		s.append(lease, s.records(1, "one", 1))
		if stopped, err := s.Other.Stop(s.context(), thread, ""); !stopped || err != nil {
			s.Fatalf("stop: %v, %v", stopped, err)
		}
		// This batch is a change too, and mustn't hide the stop.
		s.append(lease, s.records(2, "one", 1))
		if err := await(s, "stop", waiting); err != nil {
			s.Fatalf("await stop: %v", err)
		}
	}},
	{"who begins on a run that was asked to stop is told so", func(s *suite) {
		begin := func(from store.Store) error {
			_, err := from.Begin(s.context(), store.BeginRequest{Key: thread, RunID: "two", TTL: longTTL})
			return err
		}
		lease := s.begin(thread, "one", longTTL)
		if err := begin(s.Other); !errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrStopping) {
			s.Fatalf("begin before the stop: %v", err)
		}
		if stopped, err := s.Other.Stop(s.context(), thread, ""); !stopped || err != nil {
			s.Fatalf("stop: %v, %v", stopped, err)
		}
		for _, from := range []store.Store{s.Store, s.Other} {
			err := begin(from)
			s.wantError("begin after the stop", err, store.ErrStopping)
			s.wantError("begin after the stop", err, store.ErrLocked)
		}
		s.finish(lease, &store.Result{Records: s.records(1, "one", 1)})
		s.begin(thread, "two", longTTL)
		if err := begin(s.Other); !errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrStopping) {
			s.Fatalf("begin on the next run: %v", err)
		}
	}},
	{"only the named run is stopped", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		if stopped, err := s.Other.Stop(s.context(), thread, "two"); stopped || err != nil {
			s.Fatalf("stop of another run: %v, %v", stopped, err)
		}
		for _, key := range []store.Key{{ID: thread.ID}, {Owner: thread.Owner, ID: "else"}} {
			if stopped, err := s.Other.Stop(s.context(), key, ""); stopped || err != nil {
				s.Fatalf("stop of another thread: %v, %v", stopped, err)
			}
		}
		if stopped, err := s.Other.Stop(s.context(), thread, "one"); !stopped || err != nil {
			s.Fatalf("stop: %v, %v", stopped, err)
		}
		s.finish(lease, &store.Result{Records: s.records(1, "one", 1)})
		if stopped, err := s.Other.Stop(s.context(), thread, ""); stopped || err != nil {
			s.Fatalf("stop of a finished run: %v, %v", stopped, err)
		}
	}},
	{"a stop doesn't reach the next run", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		if stopped, err := s.Other.Stop(s.context(), thread, ""); !stopped || err != nil {
			s.Fatalf("stop: %v, %v", stopped, err)
		}
		s.finish(lease, &store.Result{Records: s.records(1, "one", 1)})
		next := s.begin(thread, "two", longTTL)
		ctx, cancel := context.WithTimeout(s.context(), briefTTL)
		defer cancel()
		s.wantError("await stop", next.AwaitStop(ctx), context.DeadlineExceeded)
		if stopped, err := s.Other.Stop(s.context(), thread, ""); !stopped || err != nil {
			s.Fatalf("stop of the next run: %v, %v", stopped, err)
		}
		if err := next.AwaitStop(s.context()); err != nil {
			s.Fatalf("await stop: %v", err)
		}
	}},
	{"the context ends the wait for a stop", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		ctx, cancel := context.WithCancel(s.context())
		waiting := async(func() error { return lease.AwaitStop(ctx) })
		cancel()
		s.wantError("await stop", await(s, "cancel", waiting), context.Canceled)
	}},
	{"losing the lease ends the wait for a stop", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		waiting := async(func() error { return lease.AwaitStop(s.context()) })
		if err := s.Other.DeleteThread(s.context(), thread); err != nil {
			s.Fatalf("delete: %v", err)
		}
		s.wantError("await stop", await(s, "loss", waiting), store.ErrLeaseLost)
	}},
	{"the expiry of the lease ends the wait for a stop", func(s *suite) {
		lease := s.begin(thread, "one", briefTTL)
		s.wantError("await stop", lease.AwaitStop(s.context()), store.ErrLeaseLost)
	}},
}
