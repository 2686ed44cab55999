package managed

import (
	"sync"
	"time"
)

// How many events, and bytes of them, a run may be ahead of the gateway before it has to
// wait: that, one burst of the agent's beyond it, and one frame are what a run holds in
// memory at most.
const (
	maxQueued      = 4096
	maxQueuedBytes = 1 << 20
)

// queued is an event that the gateway hasn't taken yet.
type queued struct {
	// event is what is sent, the same each time.
	event []byte
	// at is when it was queued.
	at time.Time
	// now says that it doesn't wait for those that follow.
	now bool
}

// queue holds a run's events until the gateway has taken them. It is safe for concurrent
// use.
type queue struct {
	// more has room for one: there is something to send, or the queue was closed.
	more chan struct{}

	mu sync.Mutex
	// events are those from first on; what is before is done with.
	events []queued
	first  int
	bytes  int
	// last is when an event was put, and pace says that it came soon after another.
	last time.Time
	pace bool
	// closed says that no event comes any more.
	closed bool
	// room is closed when there is room again, nil while there is.
	room chan struct{}
	// empty is closed when the queue is closed and empty.
	empty chan struct{}
}

func newQueue() *queue { return &queue{more: make(chan struct{}, 1), empty: make(chan struct{})} }

// put adds an event, unless the queue is closed. One that is to go now takes those before
// it along.
func (q *queue) put(event []byte, now bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	at := time.Now()
	q.pace, q.last = at.Sub(q.last) < gather, at
	q.events = append(q.events, queued{event, at, now})
	q.bytes += len(event)
	if q.room == nil && (len(q.events)-q.first >= maxQueued || q.bytes >= maxQueuedBytes) {
		q.room = make(chan struct{})
	}
	// Who gathers needn't know of each.
	if count := len(q.events) - q.first; count == 1 || count == maxBatch || now {
		signal(q.more)
	}
}

// close has the queue take no more events. With drop it forgets those that it has.
func (q *queue) close(drop bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	if drop {
		q.done(len(q.events) - q.first)
	}
	q.settle()
	signal(q.more)
}

// take returns the events at the beginning, and how long they wait for more before they
// are sent. They belong to the queue, and stay in it. The last is true when there are
// none, and no more come.
func (q *queue) take(most int) (events []queued, wait time.Duration, end bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	events = q.events[q.first:min(len(q.events), q.first+most)]
	if len(events) == 0 {
		return nil, 0, q.closed
	}
	if !q.closed && q.pace && len(events) < most && !events[len(events)-1].now {
		wait = time.Until(events[0].at.Add(gather))
	}
	return events, wait, false
}

// taken forgets the first events.
func (q *queue) taken(count int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.done(count)
	q.settle()
}

// done forgets the first events. The mutex is held.
func (q *queue) done(count int) {
	for i := range q.events[q.first : q.first+count] {
		q.bytes -= len(q.events[q.first+i].event)
		q.events[q.first+i].event = nil
	}
	if q.first += count; q.first < len(q.events) {
		if q.first > len(q.events)/2 {
			q.events = append(q.events[:0], q.events[q.first:]...)
			q.first = 0
		}
		return
	}
	q.first = 0
	if q.events = q.events[:0]; cap(q.events) > 2*maxBatch {
		q.events = nil
	}
}

// settle says what has become true. The mutex is held.
func (q *queue) settle() {
	if q.room != nil && (q.closed || len(q.events)-q.first < maxQueued/2 && q.bytes < maxQueuedBytes/2) {
		close(q.room)
		q.room = nil
	}
	if q.closed && len(q.events) == q.first {
		select {
		case <-q.empty:
		default:
			close(q.empty)
		}
	}
}

func (q *queue) isEmpty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.events) == q.first
}

// awaitRoom returns what to wait for before more is put, nil for nothing.
func (q *queue) awaitRoom() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.room == nil {
		return nil // and not a typed nil
	}
	return q.room
}

// signal sends on a channel with room for one, unless a signal is there already.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
