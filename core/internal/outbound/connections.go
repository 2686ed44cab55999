package outbound

import (
	"net/http"
	"sync/atomic"
	"time"
)

// staleAfter is how long a connection may have been unused: Node.js and Uvicorn close
// theirs after five seconds. An instance that was frozen meanwhile doesn't know that one is
// gone, and a POST isn't sent again on another.
const staleAfter = 4 * time.Second

// Connections are the idle connections of a transport. The zero value has none. Its
// methods are safe for concurrent use.
type Connections struct {
	// Transport is whose they are; nil for none. It is set before the first use.
	Transport *http.Transport
	// used is when there was a request last, in milliseconds by the wall clock: the other one
	// stands still in a frozen instance.
	used atomic.Int64
}

// Use closes the connections that may be gone. It is called before each request.
func (c *Connections) Use() {
	if c.Transport == nil {
		return
	}
	now := time.Now().UnixMilli()
	if now-c.used.Load() > staleAfter.Milliseconds() {
		c.Transport.CloseIdleConnections() // before anybody else takes them for new ones
	}
	c.used.Store(now)
}

// Close closes them all.
func (c *Connections) Close() {
	if c.Transport != nil {
		c.Transport.CloseIdleConnections()
	}
}
