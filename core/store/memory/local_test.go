package memory_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

func TestALeaseEndsItsContextWhenAwaitStopHasSomethingToSay(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(*memory.Store, store.Key) error
		want    error
	}{
		"the run is asked to stop": {func(m *memory.Store, key store.Key) error {
			_, err := m.Stop(t.Context(), key, "")
			return err
		}, nil},
		"the thread is deleted": {func(m *memory.Store, key store.Key) error {
			return m.DeleteThread(t.Context(), key)
		}, store.ErrLeaseLost},
		"all threads are cleared": {func(m *memory.Store, key store.Key) error {
			return m.Clear(t.Context(), key.Owner)
		}, store.ErrLeaseLost},
		"the store is closed": {func(m *memory.Store, _ store.Key) error { return m.Close() }, store.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			m := memory.New(memory.Limits{})
			lease := begin(t, m, "a", "run").(store.LocalLease)
			if lease.Ended().Err() != nil {
				t.Fatal("it has ended before anything has happened")
			}
			if err := test.happens(m, store.Key{ID: "a"}); err != nil {
				t.Fatal(err)
			}
			select {
			case <-lease.Ended().Done():
			case <-time.After(10 * time.Second):
				t.Fatal("it goes on")
			}
			if err := lease.AwaitStop(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("AwaitStop returns %v, want %v", err, test.want)
			}
		})
	}
}

func TestAnAdoptedLeaseEndsTheContextOfItsFormerHolder(t *testing.T) {
	m := memory.New(memory.Limits{})
	key := store.Key{ID: "a"}
	former, err := m.Begin(t.Context(), store.BeginRequest{Key: key, RunID: "run", TTL: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	for {
		next, err := m.Adopt(t.Context(), key, time.Minute)
		if errors.Is(err, store.ErrLocked) {
			continue // the clock is coarse
		}
		if err != nil {
			t.Fatal(err)
		}
		if former.(store.LocalLease).Ended().Err() == nil || next.(store.LocalLease).Ended().Err() != nil {
			t.Error("not the former's context has ended, or the next one's")
		}
		return
	}
}

func TestCutsOfAFinishedRunAreReadAsTheyWere(t *testing.T) {
	m := memory.New(memory.Limits{})
	want := []int{0, 1, 127, 128, 300, 1 << 20, 0}
	delta := make([]byte, 2<<20)
	for i := range delta {
		delta[i] = 'x'
	}
	lease := begin(t, m, "a", "run")
	if err := lease.Finish(t.Context(), &store.Result{Records: []store.Record{
		{Seq: 1, Event: custom(t, 10)},
		{Seq: 9, Event: agui.EncodePlainDelta(agui.EventTypeTextMessageContent, []byte("m"), delta), Cuts: want},
	}}); err != nil {
		t.Fatal(err)
	}
	for after, records := range map[int64]int{0: 2, 1: 1, 5: 1, 9: 0} {
		page, err := m.Read(t.Context(), store.Key{ID: "a"}, after, false)
		if err != nil || len(page.Records) != records {
			t.Fatalf("after %d there are %d records, %v", after, len(page.Records), err)
		}
		if records > 0 && !slices.Equal(page.Records[records-1].Cuts, want) {
			t.Errorf("the cuts are %v", page.Records[records-1].Cuts)
		}
	}
}

func TestALeaseThatIsHeldDoesNotExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(memory.Limits{})
		key := store.Key{ID: "a"}
		lease, err := m.Begin(t.Context(), store.BeginRequest{Key: key, RunID: "run", TTL: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		release := lease.(store.LocalLease).Hold()
		time.Sleep(1000 * time.Hour)
		if _, err := m.Adopt(t.Context(), key, time.Minute); !errors.Is(err, store.ErrLocked) {
			t.Errorf("Adopt returns %v", err)
		}
		if stopped, err := m.Stop(t.Context(), key, ""); !stopped || err != nil {
			t.Errorf("Stop returns %v, %v", stopped, err)
		}
		if err := lease.AwaitStop(t.Context()); err != nil {
			t.Errorf("AwaitStop returns %v", err)
		}
		waited := make(chan store.Page)
		go func() {
			page, err := m.Read(t.Context(), key, 0, true)
			if err != nil {
				t.Error(err)
			}
			waited <- page
		}()
		synctest.Wait()
		release()
		if err := lease.Append(t.Context(), nil); err != nil {
			t.Errorf("Append just after the release returns %v", err)
		}
		if page := <-waited; !page.Orphaned {
			t.Errorf("who has waited reads %+v", page)
		}
		if err := lease.Finish(t.Context(), &store.Result{}); !errors.Is(err, store.ErrLeaseLost) {
			t.Errorf("Finish of the expired lease returns %v", err)
		}
	})
}
