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
}

func newOutbox() *outbox {
	return &outbox{more: make(chan struct{}, 1), read: make(chan struct{}, 1)}
}

// put adds an event, unless the client is gone.
func (o *outbox) put(event agui.Encoded) {
	o.mu.Lock()
	if o.gone == nil {
		o.events = append(o.events, event)
		o.unsent += len(event.Frame())
	}
	o.mu.Unlock()
	signal(o.more)
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

// drain sends what is put in, until the outbox is closed and empty. It calls failed
// with an error of send, which is to abandon the client.
func (o *outbox) drain(send func(agui.Encoded) error, failed func(error)) {
	var batch []agui.Encoded
	for range o.more {
		for {
			var closed bool
			if batch, closed = o.take(batch); closed {
				return
			}
			if len(batch) == 0 {
				break
			}
			for _, event := range batch {
				if err := send(event); err != nil {
					failed(err)
				}
				if !o.sent(len(event.Frame())) {
					break
				}
			}
		}
	}
}

// take returns the events that are to be sent next, and makes room for more in spare.
// It reports whether there are no more to come.
func (o *outbox) take(spare []agui.Encoded) (batch []agui.Encoded, end bool) {
	clear(spare)
	o.mu.Lock()
	defer o.mu.Unlock()
	batch, o.events = o.events, spare[:0]
	return batch, o.closed && len(batch) == 0
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
