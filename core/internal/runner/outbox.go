package runner

import (
	"errors"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
)

const (
	// maxUnsent is how many bytes an outbox takes before its stream waits for the
	// client.
	maxUnsent = 1 << 20
	// stallLimit is how long a stream waits for a client that reads nothing.
	stallLimit = 5 * time.Second
)

// errStalled means that the client didn't read for too long.
var errStalled = errors.New("client doesn't read")

// outbox holds what a client is still to be sent, so that one that reads slowly, or
// not at all, doesn't hold up its run. One goroutine puts events in, another sends
// them.
type outbox struct {
	// more has room for one: there are events, or the outbox is closed. So has read:
	// the client of a full outbox has read something, or is gone.
	more, read chan struct{}

	mu     sync.Mutex
	events []agui.Encoded
	// unsent counts the bytes of events and of those that are being sent.
	unsent int
	closed bool
	// gone is why the client is gone, nil while it is there.
	gone error

	// taken are the events that are being sent. They are the sender's.
	taken  []agui.Encoded
	spares *room[agui.Encoded]
}

func newOutbox(spares *room[agui.Encoded]) *outbox {
	return &outbox{spares: spares, more: make(chan struct{}, 1), read: make(chan struct{}, 1)}
}

// put adds events, unless the client is gone. The slice isn't kept.
func (o *outbox) put(events ...agui.Encoded) {
	o.mu.Lock()
	if o.gone == nil {
		o.events = append(o.spares.fit(o.events, len(events)), events...)
		o.unsent += size(events)
	}
	o.mu.Unlock()
	signal(o.more)
}

// size returns how many bytes events take on the wire.
func size(events []agui.Encoded) int {
	bytes := 0
	for _, event := range events {
		bytes += len(event.Frame())
	}
	return bytes
}

// full reports whether the client is to be waited for, by its signals on read.
func (o *outbox) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.unsent > maxUnsent
}

// abandon records that the client is gone, and reports whether it was there before.
func (o *outbox) abandon(why error) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.gone != nil {
		return false
	}
	o.gone = why
	o.events, o.unsent = nil, 0
	signal(o.read)
	return true
}

// reason returns why the client is gone, nil when it isn't.
func (o *outbox) reason() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.gone
}

// close says that nothing more is put in.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	signal(o.more)
}

// maxBatch is about how many bytes are sent at once: few, so that a client that reads
// slowly is known to be reading.
const maxBatch = 4 << 10

// drain sends what is put in, whatever has gathered at once, until the outbox is closed
// and empty. It calls failed with an error of send, which is to abandon the client.
func (o *outbox) drain(send func([]agui.Encoded) error, failed func(error)) {
	// What sends isn't part of this function, so that little stack is in use while it
	// waits.
	for range o.more {
		if o.sendAll(send, failed) {
			return
		}
	}
}

// sendAll sends what there is, and reports whether there is no more to come.
func (o *outbox) sendAll(send func([]agui.Encoded) error, failed func(error)) (end bool) {
	for {
		var any bool
		if any, end = o.take(); !any {
			return end
		}
		for rest := o.taken; len(rest) > 0; {
			batch := firstBatch(rest)
			rest = rest[len(batch):]
			if err := send(batch); err != nil {
				failed(err)
			}
			if !o.sent(size(batch)) {
				break
			}
		}
		o.taken = o.spares.spare(o.taken)
	}
}

// firstBatch returns the events that are sent first, one at least.
func firstBatch(events []agui.Encoded) []agui.Encoded {
	bytes := 0
	for i, event := range events {
		if bytes += len(event.Frame()); bytes > maxBatch {
			return events[:max(i, 1)]
		}
	}
	return events
}

// take takes the events that are to be sent next, and reports whether there are any, and
// whether there are no more to come.
func (o *outbox) take() (any, end bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.events) == 0 {
		return false, o.closed
	}
	o.taken, o.events = o.events, o.taken
	return true, false
}

// sent counts bytes that were sent, and reports whether the client is still there.
func (o *outbox) sent(bytes int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.gone != nil {
		return false
	}
	if o.unsent > maxUnsent {
		signal(o.read)
	}
	o.unsent -= bytes
	return true
}

// signal sends on a channel with room for one, unless a signal is there already.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
