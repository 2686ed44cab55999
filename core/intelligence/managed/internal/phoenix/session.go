package phoenix

import (
	"context"
	"sync"

	"github.com/copilotkit-go/runtime/core/internal/pause"
)

// Session is one join of a channel. Push must not be called concurrently.
type Session struct {
	link    *link
	joinRef uint64
	// Response is the server's answer to the join, as JSON.
	Response []byte

	left  chan struct{}
	leave sync.Once
	// frame is room for what is pushed.
	frame []byte
}

// Left is closed when the session has ended.
func (s *Session) Left() <-chan struct{} { return s.left }

func (s *Session) end() { s.leave.Do(func() { close(s.left) }) }

func (s *Session) hasLeft() bool {
	select {
	case <-s.left:
		return true
	default:
		return false
	}
}

// maxSpare is how much room is kept between pushes.
const maxSpare = 64 << 10

// Push sends an event, whose payload is the JSON that appendPayload appends, and returns
// the server's answer. It fails with [ErrTimeout] after 10 seconds, with [ErrLeft] when
// the session has ended, and with the cause of ctx's end. In each case the server may
// have got it.
func (s *Session) Push(ctx context.Context, event string, appendPayload func([]byte) []byte) (Reply, error) {
	if s.hasLeft() {
		return Reply{}, ErrLeft
	}
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, ErrTimeout)
	defer cancel()
	l := s.link
	ref := l.channel.ref.Add(1)
	frame := appendPayload(appendHead(s.frame[:0], s.joinRef, ref, l.channel.config.Topic, event))
	frame = append(frame, ']')
	if s.frame = frame; cap(frame) > maxSpare {
		s.frame = nil
	}
	answer := l.expect(ref)
	defer l.forget(ref)
	if err := l.write(ctx, frame); err != nil {
		<-s.left // which the failure ends
		if ctx.Err() != nil {
			return Reply{}, context.Cause(ctx)
		}
		return Reply{}, ErrLeft
	}
	select {
	case reply := <-answer:
		return reply, nil
	case <-s.left:
		return Reply{}, ErrLeft
	case <-ctx.Done():
		if err := context.Cause(ctx); err != ErrTimeout {
			return Reply{}, err
		}
		l.probe()
		return Reply{}, ErrTimeout
	}
}

// join keeps the channel joined on a connection, until ctx ends or the channel gives up.
func (l *link) join(ctx context.Context) {
	for failures := 0; ; failures++ {
		session, err := l.joinOnce(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			failures = 0
			l.joined.Store(true)
			l.channel.publish(session)
			select {
			case <-session.left:
			case <-ctx.Done():
			}
			l.channel.retract(session)
		case l.channel.failed(err):
			l.giveUp(err)
			return
		}
		if pause.Sleep(ctx, backoff(rejoinFirst, failures, l.channel.config.RejoinMax)) != nil {
			return
		}
	}
}

// joinOnce joins the channel.
func (l *link) joinOnce(ctx context.Context) (*Session, error) {
	config := l.channel.config
	ref := l.channel.ref.Add(1)
	session := &Session{link: l, joinRef: ref, left: make(chan struct{})}
	l.enter(session)
	answer := l.expect(ref)
	defer l.forget(ref)
	limited, cancel := context.WithTimeoutCause(ctx, answerTimeout, ErrTimeout)
	defer cancel()
	frame := append(appendHead(nil, ref, ref, config.Topic, "phx_join"), config.Params...)
	if err := l.write(limited, append(frame, ']')); err != nil {
		return nil, err
	}
	select {
	case reply := <-answer:
		if !reply.OK {
			session.end()
			return nil, &RefusedError{reply.Response}
		}
		session.Response = reply.Response
		return session, nil
	case <-session.left:
		return nil, errCrashed
	case <-limited.Done():
		session.end()
		if ctx.Err() == nil {
			// The server may still answer: it is told that nobody waits.
			_ = l.write(ctx, l.leaveFrame(session))
		}
		return nil, context.Cause(limited)
	}
}
