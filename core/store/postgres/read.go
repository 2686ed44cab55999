package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/block"
)

const (
	// A reader that waits for messages asks that they be sent for watchTime, again after
	// watchInterval, when it also looks for itself. It needn't write that when more than
	// watchRenewal is left, since another process has asked.
	watchTime, watchRenewal, watchInterval = 60 * time.Second, 55 * time.Second, 25 * time.Second
	// While no messages arrive it asks again after minPollInterval, and less and less
	// often while nothing comes, up to maxPollInterval.
	minPollInterval, maxPollInterval = 50 * time.Millisecond, time.Second
)

// Read takes one round trip for a history of any length. While it waits it holds no
// connection of the pool.
func (s *Store) Read(ctx context.Context, key store.Key, after int64, wait bool) (store.Page, error) {
	page, err := s.read(ctx, hashKey(key), after, wait)
	return page, s.failed(ctx, "read thread "+key.ID, err)
}

func (s *Store) read(ctx context.Context, key uuid, after int64, wait bool) (store.Page, error) {
	if !wait {
		found, err := s.readNow(ctx, key, after, false)
		return found.Page, err
	}
	channel := s.names.records(key)
	topic := s.signals.find(channel)
	runID, first := "", true
	if topic == nil {
		found, err := s.readNow(ctx, key, after, false)
		if err != nil || !found.worthWaiting() {
			return found.Page, err
		}
		runID, first = found.RunID, false
		topic = s.signals.join(channel)
	}
	defer s.signals.leave(topic)
	for poll := minPollInterval; ; first = false {
		subscribed, changed := topic.state()
		if s.background.Context().Err() != nil {
			return store.Page{}, errClosed
		}
		found, known := topic.recall(changed, after)
		again := false
		if !known || !first {
			var err error
			watch := subscribed && !topic.watches(0)
			if found, err = s.readShared(ctx, key, after, changed, watch); err != nil {
				return store.Page{}, err
			}
			again = subscribed && !topic.learn(found, changed, after, watch)
		}
		if first {
			runID = found.RunID
		}
		if !found.worthWaiting() || found.RunID != runID {
			return found.Page, nil
		}
		if again {
			continue
		}
		limit := min(found.leaseLeft, watchInterval)
		if !subscribed {
			limit = min(limit, poll)
			poll = min(poll*3/2, maxPollInterval)
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
	thread    int64 // its number, 0 if there is none
}

func (f found) worthWaiting() bool { return len(f.Records) == 0 && f.Live }

// readNow reads. With watch set it has changes announced from now on: those before are
// seen by the reading, which sees the thread as it is after that is known.
func (s *Store) readNow(ctx context.Context, key uuid, after int64, watch bool) (f found, err error) {
	err = s.do(ctx, func(int) []query {
		f = found{}
		read := query{sql: s.statements.read, args: []any{key, after}, row: func(row row) error { return f.scan(row, after) }}
		if !watch {
			return []query{read}
		}
		return []query{{sql: s.statements.watch, args: []any{key, watchTime, watchRenewal}}, read}
	})
	return f, err
}

// scan adds a row of the read statement.
func (f *found) scan(row row, after int64) (err error) {
	f.thread = row.int(4)
	if !row.isNull(0) {
		f.RunID, f.FirstSeq = row.string(0), row.int(1)
		left := row.int(2)
		f.Live, f.Orphaned = left > 0, left <= 0
		f.leaseLeft = time.Duration(left)*time.Microsecond + time.Millisecond
	}
	if row.isNull(3) {
		return nil
	}
	// The records keep the bytes, which the driver writes over.
	if f.Records, err = block.Append(f.Records, row.bytes(3), after); err != nil {
		return fmt.Errorf("%w: %w", errStored, err)
	}
	return nil
}

// learn records what a reading has found, which has asked for announcements if watch is
// set. It reports false if none are to be expected: then another reading has to ask.
func (t *topic) learn(f found, changed <-chan struct{}, after int64, watch bool) bool {
	expected := watch && f.Live || !watch && t.watches(f.thread)
	t.mu.Lock()
	switch {
	case !expected:
		// It isn't live, or is another thread of the same name.
		t.watching = 0
	case watch:
		t.watching, t.watchedAt = f.thread, time.Now()
	}
	t.mu.Unlock()
	if expected {
		t.remember(changed, after, f)
	}
	return expected
}

// watches reports whether the server does so, for a while to come. With 0 the thread is
// any.
func (t *topic) watches(thread int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.watching > 0 && (thread == 0 || thread == t.watching) && time.Since(t.watchedAt) < watchInterval
}

// glimpse records that a run was live and had nothing after a Seq when the messages
// before changed had come. A follower who comes back for more, and has had no message
// since, needn't ask the server again.
type glimpse struct {
	changed <-chan struct{}
	upTo    int64
	found   found
	until   time.Time // when it has to be asked anyway
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
	t.last = glimpse{changed, after, f, time.Now().Add(min(f.leaseLeft, watchInterval))}
}

func (t *topic) recall(changed <-chan struct{}, after int64) (found, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.last.found
	f.leaseLeft = time.Until(t.last.until)
	return f, t.last.changed == changed && after >= t.last.upTo && f.leaseLeft > 0
}

// readKey names a reading that may be shared: changed is closed by the next message, so
// whoever holds the same one may see the same records.
type readKey struct {
	thread  uuid
	after   int64
	changed <-chan struct{}
	watch   bool
}

// readShared lets all who were woken by one message, and have read equally far, share one
// reading: the first of them makes it. When the first one's context ends too soon for
// that, another one makes it again.
func (s *Store) readShared(ctx context.Context, thread uuid, after int64, changed <-chan struct{}, watch bool) (found, error) {
	return s.reads.Do(ctx, readKey{thread, after, changed, watch}, func() (found, error) {
		found, err := s.readNow(ctx, thread, after, watch)
		found.Records = slices.Clip(found.Records)
		return found, err
	})
}
