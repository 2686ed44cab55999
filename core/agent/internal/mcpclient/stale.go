package mcpclient

import (
	"net/http"
	"sync/atomic"
	"time"
)

// staleAfter is how long a connection may have been unused. An instance that was frozen
// meanwhile doesn't know that it is gone, and a POST isn't sent again on another.
const staleAfter = 30 * time.Second

// connections are those of a transport. The zero value has none.
type connections struct {
	transport *http.Transport
	// used is when there was a request last, in seconds by the wall clock: the other one
	// stands still in a frozen instance.
	used atomic.Int64
}

// use closes the connections that may be gone. It is called before each request.
func (c *connections) use() {
	if c.transport == nil {
		return
	}
	now := time.Now().Unix()
	if used := c.used.Swap(now); now-used > int64(staleAfter/time.Second) {
		c.transport.CloseIdleConnections()
	}
}

func (c *connections) close() {
	if c.transport != nil {
		c.transport.CloseIdleConnections()
	}
}
