package mcpclient

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"time"
)

// notices are the messages that tell a server of calls that were given up. The SDK sends
// each in a goroutine of its own, and none once it closes the session: the server would
// go on with the call, and have the request wait for it that ends the session.
type notices struct {
	mu sync.Mutex
	// owed is how many of them haven't been sent. It is less than zero while one is sent
	// of whose call add hasn't been told yet.
	owed int
	// settled, if it isn't nil, is closed when none is owed.
	settled chan struct{}
}

// noticeTime is how long the end of a session waits for them.
const noticeTime = time.Second

func (n *notices) add(owed int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.owed += owed; n.owed <= 0 && n.settled != nil {
		close(n.settled)
		n.settled = nil
	}
}

// wait waits until all are sent, but not for long.
func (n *notices) wait() {
	n.mu.Lock()
	if n.owed <= 0 {
		n.mu.Unlock()
		return
	}
	if n.settled == nil {
		n.settled = make(chan struct{})
	}
	settled := n.settled
	n.mu.Unlock()
	timer := time.NewTimer(noticeTime)
	defer timer.Stop()
	select {
	case <-settled:
	case <-timer.C:
	}
}

// maxNotice is more than a notice has, in bytes.
const maxNotice = 1 << 10

// isNotice reports whether a request is one of them.
func isNotice(request *http.Request) bool {
	if request.Method != http.MethodPost || request.GetBody == nil || request.ContentLength > maxNotice {
		return false
	}
	body, err := request.GetBody()
	if err != nil {
		return false
	}
	defer body.Close()
	message, err := io.ReadAll(body)
	return err == nil && bytes.Contains(message, []byte(`"method":"notifications/cancelled"`))
}
