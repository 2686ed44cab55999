package redis

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/block"
)

// blocksPerRead bounds one answer of the server, which answers nobody else
// meanwhile; a longer history takes several.
const blocksPerRead = 64

// Read takes one round trip for a history of up to 64 runs and batches. While
// it waits it holds no connection.
func (s *Store) Read(ctx context.Context, key store.Key, after int64, wait bool) (store.Page, error) {
	k := s.keys(key)
	page, err := s.read(ctx, k, after, wait)
	return page, failed(ctx, "read thread "+key.ID, err)
}

func (s *Store) read(ctx context.Context, k keys, after int64, wait bool) (store.Page, error) {
	if !wait {
		found, err := s.readNow(ctx, k, after)
		return found.Page, err
	}
	// With the subscription made first one reading is enough: what it misses
	// wakes.
	topic := s.signals.join(k.wake)
	defer s.signals.leave(topic)
	runID := ""
	for first := true; ; first = false {
		subscribed, changed := topic.state()
		if s.background.Context().Err() != nil {
			return store.Page{}, errClosed
		}
		found, known := topic.recall(changed, after)
		if !known || !first {
			var err error
			if found, err = s.readShared(ctx, k, after, changed); err != nil {
				return store.Page{}, err
			}
			if subscribed {
				topic.remember(changed, after, found)
			}
		}
		if first {
			runID = found.RunID
		}
		if !found.worthWaiting() || found.RunID != runID {
			return found.Page, nil
		}
		limit := found.leaseLeft
		if !subscribed {
			limit = min(limit, pollInterval)
		}
		if err := pause.Wait(ctx, limit, changed); err != nil {
			return store.Page{}, err
		}
	}
}

// found is a page, and how long the live run's lease holds.
type found struct {
	store.Page
	leaseLeft time.Duration
}

func (f found) worthWaiting() bool { return len(f.Records) == 0 && f.Live }

func (s *Store) readNow(ctx context.Context, k keys, after int64) (found, error) {
	var f found
	for last := after; ; {
		reply, err := s.run(ctx, s.scripts.read, k.all(true)[:4], uint64(last)+1, blocksPerRead).Slice()
		if err != nil {
			return found{}, err
		}
		next, err := parseFound(reply)
		if err != nil {
			return found{}, err
		}
		if last != after && (next.RunID != f.RunID || next.FirstSeq != f.FirstSeq) {
			// A run ended or began between two answers, and now its joined records
			// would follow some of those that they join.
			f, last = found{}, after
			continue
		}
		next.Records = f.Records
		f = next
		for i := range reply[4:] {
			if f.Records, err = block.Append(f.Records, []byte(text(reply, 4+i)), after); err != nil {
				return found{}, fmt.Errorf("%w: %w", errStored, err)
			}
		}
		if len(reply)-4 < blocksPerRead {
			return f, nil
		}
		last = f.Records[len(f.Records)-1].Seq
	}
}

// parseFound returns what the reading script says of the run.
func parseFound(reply []any) (found, error) {
	var f found
	if len(reply) < 4 {
		return f, fmt.Errorf("%w: %d values", errStored, len(reply))
	}
	f.RunID = text(reply, 0)
	left, _ := reply[2].(int64)
	f.leaseLeft = time.Duration(left+1) * time.Millisecond
	f.Live = f.RunID != "" && left >= 0
	f.Orphaned = f.RunID != "" && left < 0
	if f.RunID == "" {
		return f, nil
	}
	first, err := strconv.ParseInt(text(reply, 1), 10, 64)
	if err != nil {
		return f, fmt.Errorf("%w: %w", errStored, err)
	}
	f.FirstSeq = first
	return f, nil
}

// glimpse records that a run was live and had nothing after a Seq when the
// messages before changed had come. A follower who comes back for more, and has
// had no message since, needn't ask the server again.
type glimpse struct {
	changed <-chan struct{}
	upTo    int64
	found   found
	until   time.Time // the lease's end
}

func (t *topic) remember(changed <-chan struct{}, after int64, f found) {
	if !f.Live {
		return
	}
	if n := len(f.Records); n > 0 {
		after = f.Records[n-1].Seq
	}
	f.Records = nil
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = glimpse{changed, after, f, time.Now().Add(f.leaseLeft)}
}

func (t *topic) recall(changed <-chan struct{}, after int64) (found, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.last.found
	f.leaseLeft = time.Until(t.last.until)
	return f, t.last.changed == changed && after >= t.last.upTo && f.leaseLeft > 0
}

// readKey names a reading that may be shared: changed is closed by the next
// message, so whoever holds the same one may see the same records.
type readKey struct {
	thread  string
	after   int64
	changed <-chan struct{}
}

// readShared lets all who were woken by one message, and have read equally far,
// share one reading: the first of them makes it. When the first one's context
// ends too soon for that, another one makes it again.
func (s *Store) readShared(ctx context.Context, k keys, after int64, changed <-chan struct{}) (found, error) {
	return s.reads.Do(ctx, readKey{k.thread, after, changed}, func() (found, error) {
		found, err := s.readNow(ctx, k, after)
		found.Records = slices.Clip(found.Records)
		return found, err
	})
}
