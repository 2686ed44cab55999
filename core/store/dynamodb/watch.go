package dynamodb

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/block"
)

// How often DynamoDB is asked for a thread that somebody waits on: the older the last
// change, the less often.
var intervals = []struct{ quiet, followed, unfollowed time.Duration }{
	{2 * time.Second, 100 * time.Millisecond, 250 * time.Millisecond},
	{10 * time.Second, 200 * time.Millisecond, 250 * time.Millisecond},
	{time.Minute, 500 * time.Millisecond, 500 * time.Millisecond},
	{1<<63 - 1, time.Second, time.Second},
}

const (
	// failureInterval is how soon DynamoDB is asked again that hasn't answered.
	failureInterval = time.Second
	// topicAge is how long a thread is remembered that nobody waits on: a follower comes
	// back for every batch. What is remembered for longer than maxGlimpse isn't believed.
	topicAge, maxGlimpse = 2 * time.Second, 3 * time.Second
	// tailRecords and tailBytes are how many of a run's last records are remembered.
	tailRecords, tailBytes = 512, 256 << 10
)

// topic is a thread that somebody in this process waits on. Whoever of them has the turn
// asks for all.
type topic struct {
	turn chan struct{}

	// Guarded by the store's mu.
	followers, holders int

	mu      sync.Mutex
	changed chan struct{} // closed by the next change
	quiet   time.Time     // when the last change was
	looked  time.Time     // when DynamoDB was asked last
	away    bool          // DynamoDB hasn't answered
	// head is as it was seen at a time, zero for never.
	head head
	seen time.Time
	// tail are the last records of the run that has the chain, those behind from up to
	// upTo.
	chain      string
	from, upTo int64
	tail       []store.Record
	tailSize   int
}

// join begins to wait on a thread; leave ends it.
func (s *Store) join(key store.Key, follower bool) *topic {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[key]
	if t == nil {
		now := s.clock.now()
		t = &topic{turn: make(chan struct{}, 1), changed: make(chan struct{}), quiet: now, looked: now}
		s.topics[key] = t
	}
	if !follower {
		t.holders++
		return t
	}
	if t.followers++; t.followers == 1 {
		t.mu.Lock()
		t.wake() // who has the turn asks more often now
		t.mu.Unlock()
	}
	return t
}

func (s *Store) leave(key store.Key, t *topic, follower bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if follower {
		t.followers--
	} else {
		t.holders--
	}
	if t.followers+t.holders > 0 {
		return
	}
	time.AfterFunc(topicAge, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if t.followers+t.holders == 0 && s.topics[key] == t {
			delete(s.topics, key)
		}
	})
}

// topic returns the topic of a thread, nil if nobody waits on it.
func (s *Store) topic(key store.Key) *topic {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.topics[key]
}

// wrote shows a head that this process has written to those who wait.
func (s *Store) wrote(h head) {
	if t := s.topic(h.key); t != nil {
		t.show(h, s.clock.now())
	}
}

// appended shows records that this process has written to those who wait.
func (s *Store) appended(key store.Key, chain string, records []store.Record) {
	if t := s.topic(key); t != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.chain == chain && records[0].Seq == t.upTo+1 {
			t.add(slices.Clone(records), s.clock.now())
			t.wake()
		}
	}
}

// follow waits for records behind a Seq, or for the end of the live run.
func (s *Store) follow(ctx context.Context, key store.Key, after int64) (store.Page, error) {
	t := s.join(key, true)
	defer s.leave(key, t, true)
	chain := ""
	for {
		changed := t.next()
		page, certain := t.page(after, s.clock)
		if !certain || chain != "" && t.chainNow() != chain {
			// Nothing is remembered, or it is about the end of the run, which what was
			// glimpsed may be wrong about.
			f, err := s.readNow(ctx, key, after)
			if err != nil {
				return store.Page{}, err
			}
			t.learn(f, s.clock.now())
			if len(f.Records) > 0 || !f.Live || chain != "" && f.head.chain != chain {
				return f.Page, nil
			}
			page = f.Page
		}
		if len(page.Records) > 0 {
			return page, nil
		}
		if chain == "" {
			chain = t.chainNow()
		}
		if err := s.await(ctx, key, t, changed, nil, t.left(s.clock)); err != nil {
			return store.Page{}, err
		}
	}
}

// await waits for a change, for done, or for limit, and asks DynamoDB meanwhile if it is
// the caller's turn.
func (s *Store) await(ctx context.Context, key store.Key, t *topic, changed, done <-chan struct{}, limit time.Duration) error {
	timer := time.NewTimer(max(limit, 0) + time.Millisecond)
	defer timer.Stop()
	select {
	case <-s.closed:
		return errClosed
	default:
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closed:
		return errClosed
	case <-changed:
	case <-done:
	case <-timer.C:
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
		timer.Reset(min(max(limit, 0)+time.Millisecond, s.untilLook(t)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closed:
			return errClosed
		case <-changed:
		case <-done:
		case <-timer.C:
			return s.look(ctx, key, t)
		}
	}
	return nil
}

// untilLook is how soon DynamoDB is asked again. Changes that are made in this process
// don't put it off: a run that is written to all the time has to see that it is to stop.
func (s *Store) untilLook(t *topic) time.Duration {
	interval := s.interval(t)
	t.mu.Lock()
	defer t.mu.Unlock()
	passed := s.clock.now().Sub(t.looked)
	return min(max(interval-passed, 0), interval)
}

// interval is the time from one question to the next.
func (s *Store) interval(t *topic) time.Duration {
	s.mu.Lock()
	// What is written in this process is known at once.
	followed := t.followers > 0 && t.holders == 0
	s.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.away {
		return failureInterval
	}
	quiet := s.clock.now().Sub(t.quiet)
	for _, step := range intervals {
		if quiet < step.quiet {
			if followed {
				return step.followed
			}
			return step.unfollowed
		}
	}
	return failureInterval
}

// look asks for the newest blocks and the head, in one reading that may be behind.
func (s *Store) look(ctx context.Context, key store.Key, t *topic) error {
	t.mu.Lock()
	chain, from := t.chain, t.upTo+1
	t.looked = s.clock.now()
	t.mu.Unlock()
	blocks, h, err := s.blocks(ctx, key, chain, from, true)
	if err != nil {
		t.mu.Lock()
		t.away = true
		t.mu.Unlock()
		return err
	}
	now := s.clock.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range blocks {
		if t.chain != chain || b.first > t.upTo+1 {
			break
		}
		records, err := block.Append(nil, b.data, t.upTo)
		if err != nil {
			return err
		}
		if len(records) > 0 {
			t.add(records, now)
			t.wake()
		}
	}
	t.glance(h, now, s.clock)
	return nil
}

// next returns the channel that the next change closes.
func (t *topic) next() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changed
}

// wake wakes all who wait. The caller holds mu.
func (t *topic) wake() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// show takes a head that is as new as can be.
func (t *topic) show(h head, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h.chain != t.head.chain {
		t.quiet = now
	}
	t.head, t.seen, t.away = h, now, false
	t.wake()
}

// glance takes a head that may be behind. The caller holds mu.
func (t *topic) glance(h head, now time.Time, c *clock) {
	news := h.version != t.head.version || t.seen.IsZero() || h.chain != "" && !h.live(c)
	t.head, t.seen, t.away = h, now, false
	if news {
		t.wake()
	}
}

// glimpse returns the head as it was last seen, not long ago.
func (t *topic) glimpse(now time.Time) (head, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head, t.isFresh(now)
}

func (t *topic) isFresh(now time.Time) bool {
	return !t.seen.IsZero() && now.Round(0).Sub(t.seen.Round(0)).Abs() < maxGlimpse && now.Sub(t.seen) < maxGlimpse
}

// hold prepares for a run whose lease has been taken here: its blocks needn't be read.
func (t *topic) hold(h head) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.chain != h.chain {
		t.chain, t.from, t.upTo, t.tail, t.tailSize = h.chain, h.seq, h.seq, nil, 0
	}
}

// learn takes what was read of a thread.
func (t *topic) learn(f found, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.head, t.seen, t.away = f.head, now, false
	if f.head.chain != t.chain {
		t.chain, t.from, t.upTo, t.tail, t.tailSize, t.quiet = f.head.chain, f.upTo, f.upTo, nil, 0, now
	}
	if f.upTo > t.upTo {
		first := slices.IndexFunc(f.Records, func(r store.Record) bool { return r.Seq > t.upTo })
		if first >= 0 && f.Records[first].Seq == t.upTo+1 {
			t.add(slices.Clone(f.Records[first:]), now)
		} else {
			t.from, t.upTo, t.tail, t.tailSize = f.upTo, f.upTo, nil, 0
		}
		t.wake()
	}
}

// add takes the records that follow the tail. The caller holds mu.
func (t *topic) add(records []store.Record, now time.Time) {
	t.quiet = now
	for _, record := range records {
		t.tailSize += len(record.Event.JSON())
	}
	t.tail = append(t.tail, records...)
	t.upTo = records[len(records)-1].Seq
	drop := 0
	for drop < len(t.tail) && (len(t.tail)-drop > tailRecords || t.tailSize > tailBytes) {
		t.tailSize -= len(t.tail[drop].Event.JSON())
		t.from = t.tail[drop].Seq
		drop++
	}
	if drop > 0 {
		t.tail = slices.Clone(t.tail[drop:])
	}
}

// page returns what is remembered behind a Seq of a live run, and whether that is all
// that was seen.
func (t *topic) page(after int64, c *clock) (store.Page, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.isFresh(c.now()) || t.chain == "" || t.head.chain != t.chain || after < t.from || !t.head.live(c) {
		return store.Page{}, false
	}
	f := found{head: t.head}
	f.describe(t.head, c)
	first := slices.IndexFunc(t.tail, func(r store.Record) bool { return r.Seq > after })
	if first >= 0 {
		f.Records = slices.Clip(t.tail[first:])
	}
	return f.Page, true
}

func (t *topic) chainNow() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head.chain
}

// left returns how long the lease of the live run holds.
func (t *topic) left(c *clock) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head.left(c)
}
