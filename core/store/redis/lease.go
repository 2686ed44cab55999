package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/block"
)

// errGap is a caller's mistake: records that don't follow those before them.
var errGap = errors.New("records don't continue the run")

const (
	// pollInterval is how often the server is asked while no messages arrive.
	pollInterval = time.Second
	// minCheckInterval is how often it is asked about a lease that should have run
	// out but hasn't.
	minCheckInterval = 20 * time.Millisecond
	// releaseTimeout is for giving back a lease that may not have been given.
	releaseTimeout = time.Second
)

type lease struct {
	store   *Store
	key     store.Key
	keys    keys
	token   string
	ttl     time.Duration
	runID   string
	agentID string
	parent  string
	seen    map[string]bool
	next    int64

	// ended is closed when the run is asked to stop, or the lease is lost.
	ended chan struct{}

	mu sync.Mutex
	// until is when the lease runs out unless renewed, by this machine's clock
	// and no earlier than by the server's.
	until         time.Time
	stopped, lost bool
}

// fill sets what Begin and Adopt have in common.
func (l *lease) fill(reply []any, sent time.Time) error {
	seq, err := strconv.ParseInt(text(reply, 1), 10, 64)
	if err != nil {
		return fmt.Errorf("%w: %w", errStored, err)
	}
	l.next = seq + 1
	l.parent = text(reply, 2)
	l.seen = make(map[string]bool)
	l.until = sent.Add(l.ttl)
	return nil
}

func (l *lease) RunID() string         { return l.runID }
func (l *lease) AgentID() string       { return l.agentID }
func (l *lease) ParentRunID() string   { return l.parent }
func (l *lease) Seen() map[string]bool { return l.seen }
func (l *lease) NextSeq() int64        { return l.next }

func (l *lease) Append(ctx context.Context, records []store.Record) error {
	if _, lost := l.state(); lost {
		return store.ErrLeaseLost
	}
	if len(records) == 0 {
		return nil
	}
	for i, record := range records[1:] {
		if record.Seq != records[i].Seq+1 {
			return fmt.Errorf("append records to run %s: %w: %d after %d", l.runID, errGap, record.Seq, records[i].Seq)
		}
	}
	first, last := records[0].Seq, records[len(records)-1].Seq
	status, err := l.store.run(ctx, l.store.scripts.append, l.keys.all(true)[:3],
		l.token, milliseconds(l.store.limits.Age), first, last, block.Encode(records), l.keys.wake).Text()
	if err == nil {
		err = l.observe(status)
	}
	if err != nil {
		return failed(ctx, fmt.Sprintf("append records %d to %d of run %s", first, last, l.runID), err)
	}
	l.next = max(l.next, last+1)
	return nil
}

func (l *lease) Renew(ctx context.Context) error {
	if _, lost := l.state(); lost {
		return store.ErrLeaseLost
	}
	sent := time.Now()
	if err := l.hold(ctx, milliseconds(l.ttl)); err != nil {
		return failed(ctx, "renew the lease of run "+l.runID, err)
	}
	l.mu.Lock()
	l.until = sent.Add(l.ttl)
	l.mu.Unlock()
	return nil
}

// AwaitStop waits for the message, and asks the server itself once it is
// subscribed and whenever the lease should have run out.
func (l *lease) AwaitStop(ctx context.Context) error {
	topic := l.store.signals.join(l.keys.stop)
	defer l.store.signals.leave(topic)
	subscribed, changed := topic.state()
	first := pollInterval
	if subscribed {
		// Others wait already: a message that came before now doesn't come again.
		first = 0
	}
	due := time.NewTimer(first)
	defer due.Stop()
	for asked := false; ; {
		check := false // whether to ask the server
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.store.background.Context().Done():
			return errClosed
		case <-l.ended:
			if _, lost := l.state(); lost {
				return store.ErrLeaseLost
			}
			return nil
		case <-changed:
			subscribed, changed = topic.state()
			check = subscribed
		case <-due.C:
			check = !subscribed || !asked || l.remaining() <= 0
		}
		if check {
			asked = l.hold(ctx, 0) == nil
		}
		wait := pollInterval
		if asked && subscribed {
			wait = max(l.remaining(), minCheckInterval)
		}
		due.Reset(wait)
	}
}

func (l *lease) Finish(ctx context.Context, result *store.Result) error {
	if _, lost := l.state(); lost {
		return store.ErrLeaseLost
	}
	s := l.store
	args := []any{l.token, milliseconds(s.limits.Age), l.key.ID, s.limits.Runs, "", "", "", "", l.keys.wake, 0}
	if result != nil {
		args[4] = 0
		for _, records := range result.Earlier {
			if n := len(records); n > 0 {
				args[4], args[9] = records[n-1].Seq, args[9].(int)+1
				args = append(args, records[n-1].Seq, block.Encode(records))
			}
		}
		if n := len(result.Records); n > 0 {
			args[4], args[5] = result.Records[n-1].Seq, block.Encode(result.Records)
		}
		args[6], args[7] = []byte(result.Snapshot.Messages), []byte(result.Snapshot.State)
		for _, id := range result.MessageIDs {
			if !l.seen[id] {
				args = append(args, id)
			}
		}
	}
	reply, err := s.run(ctx, s.scripts.finish, l.keys.all(s.cluster), args...).Slice()
	if err == nil {
		err = statusError(reply)
	}
	if errors.Is(err, store.ErrLeaseLost) || err == nil {
		l.end(false)
	}
	if err != nil {
		return failed(ctx, "finish run "+l.runID, err)
	}
	// What fails here is made good by the thread's next change, or by a listing.
	if at := text(reply, 1); result == nil {
		_ = s.restoreInList(ctx, l.keys, l.key.ID, at)
	} else {
		_ = s.addToList(ctx, l.keys, l.key.ID, at)
	}
	return nil
}

// release gives back a lease that the server may have given: nobody holds it,
// and it would lock the thread until it expires.
func (l *lease) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	_ = l.Finish(ctx, nil)
}

// hold checks the lease, and renews it if ttl isn't 0.
func (l *lease) hold(ctx context.Context, ttl int64) error {
	status, err := l.store.run(ctx, l.store.scripts.hold, l.keys.all(true),
		l.token, milliseconds(l.store.limits.Age), ttl).Text()
	if err != nil {
		return err
	}
	return l.observe(status)
}

// observe records what a script says about the lease.
func (l *lease) observe(status string) error {
	switch status {
	case "ok":
		return nil
	case "stop":
		l.end(true)
		return nil
	case "gap":
		return errGap
	default:
		l.end(false)
		return store.ErrLeaseLost
	}
}

// end records that the run was asked to stop, or else that the lease is lost.
func (l *lease) end(stopped bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stopped && !l.lost {
		close(l.ended)
	}
	l.stopped = l.stopped || stopped
	l.lost = l.lost || !stopped
}

func (l *lease) state() (stopped, lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stopped, l.lost
}

func (l *lease) remaining() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.until)
}
