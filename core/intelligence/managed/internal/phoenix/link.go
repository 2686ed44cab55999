package phoenix

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/coder/websocket"

	"github.com/copilotkit-go/runtime/core/internal/pause"
)

// link is one connection of a channel.
type link struct {
	channel *Channel
	conn    *websocket.Conn
	// cut ends the connection, with why.
	cut context.CancelCauseFunc
	// probing asks for a heartbeat at once.
	probing chan struct{}
	// joined says that the channel was joined on this connection.
	joined atomic.Bool

	mu sync.Mutex
	// session is the last join, also before it is answered.
	session *Session
	// answers has the pushes that wait for an answer, by their refs.
	answers map[string]chan Reply
}

// finalError is why a channel gives up.
type finalError struct{ error }

// serve uses a connection until it is lost. It reports whether the channel was joined on
// it, whether the channel gives up, and why it was lost.
func (c *Channel) serve(ctx context.Context, conn *websocket.Conn) (joined, giveUp bool, err error) {
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	l := &link{channel: c, conn: conn, cut: cut, probing: make(chan struct{}, 1), answers: make(map[string]chan Reply)}
	c.use(l)
	var group sync.WaitGroup
	group.Go(func() { l.beat(ctx) })
	group.Go(func() { l.join(ctx) })
	err = l.read(ctx)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	cut(err)
	_ = conn.CloseNow()
	l.endSession()
	group.Wait()
	c.use(nil)
	if final, ok := errors.AsType[finalError](err); ok {
		return l.joined.Load(), true, final.error
	}
	err = &LostError{c.secrets.Redact(err)}
	return l.joined.Load(), !c.isClosing() && c.failed(err), err
}

// use says which connection there is.
func (c *Channel) use(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link = l
}

// read reads frames until the connection ends.
func (l *link) read(ctx context.Context) error {
	for {
		kind, data, err := l.conn.Read(ctx)
		if err != nil {
			if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
				return finalError{ErrEnded}
			}
			return err
		}
		if kind != websocket.MessageText {
			return errFrame
		}
		frame, err := parseFrame(data)
		if err != nil {
			return err
		}
		if err := l.take(frame); err != nil {
			return err
		}
	}
}

// take does what a frame says. Its error ends the connection.
func (l *link) take(f frame) error {
	if f.topic == "phoenix" {
		return l.answer(f)
	}
	l.mu.Lock()
	session := l.session
	l.mu.Unlock()
	if session == nil || f.topic != l.channel.config.Topic ||
		f.joinRef != "" && f.joinRef != strconv.FormatUint(session.joinRef, 10) {
		return nil // of a join before, or of nothing
	}
	switch f.event {
	case "phx_reply":
		return l.answer(f)
	case "phx_error":
		session.end()
	case "phx_close":
		return finalError{ErrEnded}
	default:
		if l.channel.config.Event != nil {
			l.channel.config.Event(f.event, f.payload)
		}
	}
	return nil
}

// answer passes a reply to who waits for it. One that nobody waits for is dropped: its
// push has timed out, or was answered before.
func (l *link) answer(f frame) error {
	if f.event != "phx_reply" {
		return nil
	}
	reply, ok := f.reply()
	if !ok {
		return errFrame
	}
	reply.Response = l.channel.secrets.MaskBytes(reply.Response)
	l.mu.Lock()
	defer l.mu.Unlock()
	if answer, waits := l.answers[f.ref]; waits {
		delete(l.answers, f.ref)
		answer <- reply
	}
	return nil
}

// expect returns where the answer to a push will be. It is forgotten in the end.
func (l *link) expect(ref uint64) <-chan Reply {
	answer := make(chan Reply, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers[strconv.FormatUint(ref, 10)] = answer
	return answer
}

func (l *link) forget(ref uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.answers, strconv.FormatUint(ref, 10))
}

// enter makes a session the last one.
func (l *link) enter(session *Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.session = session
}

// endSession ends the last session.
func (l *link) endSession() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session != nil {
		l.session.end()
	}
}

// write sends a frame. A failure ends the connection.
func (l *link) write(ctx context.Context, frame []byte) error {
	err := l.conn.Write(ctx, websocket.MessageText, frame)
	if err != nil {
		l.cut(err)
	}
	return err
}

// giveUp ends the connection, and the channel.
func (l *link) giveUp(err error) { l.cut(finalError{err}) }

// probe asks whether the connection is alive.
func (l *link) probe() {
	select {
	case l.probing <- struct{}{}:
	default:
	}
}

// beat sends heartbeats, and ends a connection on which one isn't answered.
func (l *link) beat(ctx context.Context) {
	for pause.Wait(ctx, heartbeatEvery, l.probing) == nil {
		if err := l.heartbeat(ctx); err != nil {
			l.cut(err)
			return
		}
	}
}

func (l *link) heartbeat(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, ErrTimeout)
	defer cancel()
	ref := l.channel.ref.Add(1)
	answer := l.expect(ref)
	defer l.forget(ref)
	if err := l.write(ctx, append(appendHead(nil, 0, ref, "phoenix", "heartbeat"), "{}]"...)); err != nil {
		return err
	}
	select {
	case <-answer:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *link) leaveFrame(session *Session) []byte {
	ref := l.channel.ref.Add(1)
	return append(appendHead(nil, session.joinRef, ref, l.channel.config.Topic, "phx_leave"), "{}]"...)
}

// leave leaves the channel and closes the connection in good order. The end of the
// connection's context cuts it short.
func (l *link) leave() {
	l.mu.Lock()
	session := l.session
	l.mu.Unlock()
	if session != nil {
		ctx, cancel := context.WithTimeout(context.Background(), leaveLimit)
		defer cancel()
		if l.write(ctx, l.leaveFrame(session)) != nil {
			return
		}
	}
	_ = l.conn.Close(websocket.StatusNormalClosure, "")
}
