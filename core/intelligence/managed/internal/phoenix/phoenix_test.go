package phoenix_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/copilotkit-go/runtime/core/intelligence/managed/internal/phoenix"
)

func payload(text string) func([]byte) []byte {
	return func(dst []byte) []byte { return append(dst, text...) }
}

func joined(t *testing.T, channel *phoenix.Channel) *phoenix.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	session, err := channel.Joined(ctx)
	if err != nil {
		t.Fatalf("join: %v", err)
	}
	return session
}

func TestAChannelIsJoinedPushedToAndLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heard := make(chan []message, 1)
		s := newServer(t, func(c *conversation) { heard <- c.well() })
		channel := s.open(nil)
		session := joined(t, channel)
		if string(session.Response) != "{}" {
			t.Errorf("join was answered %s", session.Response)
		}
		reply, err := session.Push(t.Context(), "event", payload(`{"type":"CUSTOM"}`))
		if err != nil || !reply.OK {
			t.Errorf("push: %+v %v", reply, err)
		}
		time.Sleep(31 * time.Second)
		begun := time.Now()
		channel.Close()
		if took := time.Since(begun); took > 0 {
			t.Errorf("leaving took %v though the server answers at once", took)
		}
		got := <-heard
		want := []struct{ joinRef, ref, topic, event, payload string }{
			{"1", "1", "ingestion:run", "phx_join", `{"thread_id":"t","run_id":"run"}`},
			{"1", "2", "ingestion:run", "event", `{"type":"CUSTOM"}`},
			{"", "3", "phoenix", "heartbeat", `{}`},
			{"1", "4", "ingestion:run", "phx_leave", `{}`},
		}
		if len(got) != len(want) {
			t.Fatalf("server heard %d messages, want %d", len(got), len(want))
		}
		for i, w := range want {
			m, joinRef := got[i], ""
			if m.JoinRef != nil {
				joinRef = *m.JoinRef
			}
			if joinRef != w.joinRef || *m.Ref != w.ref || m.Topic != w.topic || m.Event != w.event || string(m.Payload) != w.payload {
				t.Errorf("message %d is %s %s %s %s %s, want %v", i, joinRef, *m.Ref, m.Topic, m.Event, m.Payload, w)
			}
		}
		r := s.asked[0]
		if r.URL.String() != "/runner/websocket?vsn=2.0.0" {
			t.Errorf("asked for %s", r.URL)
		}
		if got := r.Header.Get("Sec-WebSocket-Protocol"); got != "phoenix,base64url.bearer.phx.Y3BrLTFfc2VjcmV0LWtleQ" {
			t.Errorf("subprotocols %q", got)
		}
		if err := channel.Err(); err != phoenix.ErrClosed {
			t.Errorf("ended with %v", err)
		}
		if _, err := session.Push(t.Context(), "event", payload("{}")); err != phoenix.ErrLeft {
			t.Errorf("push after the end: %v", err)
		}
	})
}

// What a server does on its first connection; on the next one it behaves.
func TestAChannelIsJoinedAgainAfter(t *testing.T) {
	for name, c := range map[string]struct {
		play func(*conversation)
		// connections that are made in all, and how long that may take.
		connections int
		within      time.Duration
	}{
		"a connection that breaks": {func(c *conversation) { answerJoin(c) }, 2, 100 * time.Millisecond},
		"a planned restart": {func(c *conversation) {
			answerJoin(c)
			c.conn.Close(websocket.StatusServiceRestart, "gateway_draining")
		}, 2, 100 * time.Millisecond},
		"a connection that breaks before the join is answered": {func(c *conversation) { c.next() }, 2, 100 * time.Millisecond},
		"a channel that crashed": {func(c *conversation) {
			m := answerJoin(c)
			c.send(m.JoinRef, m.JoinRef, m.Topic, "phx_error", map[string]any{})
			c.well()
		}, 1, time.Second},
		"a channel that crashes before it is joined": {func(c *conversation) {
			m, _ := c.next()
			c.send(m.JoinRef, m.JoinRef, m.Topic, "phx_error", map[string]any{})
			c.well()
		}, 1, time.Second},
		"a join that is refused": {func(c *conversation) {
			m, _ := c.next()
			c.reply(m, "error", map[string]any{"reason": "gateway_draining", "retryable": true})
			c.well()
		}, 1, time.Second},
		"a join without an answer": {func(c *conversation) {
			c.next()
			if m, ok := c.next(); !ok || m.Event != "phx_leave" {
				c.t.Errorf("a join without an answer is followed by %+v, want phx_leave", m)
			}
			c.well()
		}, 1, 11 * time.Second},
		"heartbeats without an answer": {func(c *conversation) {
			answerJoin(c)
			c.well("heartbeat")
		}, 2, 40*time.Second + 100*time.Millisecond},
		"pings and nothing else": {func(c *conversation) {
			answerJoin(c)
			var pings sync.WaitGroup
			ctx, cancel := context.WithCancel(context.Background())
			pings.Go(func() {
				for c.conn.Ping(ctx) == nil {
					time.Sleep(time.Second)
				}
			})
			c.well("heartbeat")
			cancel()
			pings.Wait()
		}, 2, 40*time.Second + 100*time.Millisecond},
		"a frame that is too large": {func(c *conversation) {
			answerJoin(c)
			c.send(nil, nil, "ingestion:run", "ag-ui", strings.Repeat("x", phoenix.MaxFrame))
			c.well()
		}, 2, 5*time.Second + 100*time.Millisecond}, // it is told so, which it doesn't read
		"a frame that comes byte by byte and never ends": {func(c *conversation) {
			answerJoin(c)
			ctx, cancel := context.WithCancel(context.Background())
			var writing sync.WaitGroup
			writing.Go(func() {
				frame, _ := c.conn.Writer(ctx, websocket.MessageText)
				for {
					if _, err := frame.Write([]byte("[")); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			})
			c.well("heartbeat")
			cancel()
			writing.Wait()
		}, 2, 40*time.Second + 100*time.Millisecond},
		"a restart in the middle of a frame": {func(c *conversation) {
			answerJoin(c)
			frame, _ := c.conn.Writer(context.Background(), websocket.MessageText)
			frame.Write([]byte(`["1",null,"ingest`))
			c.conn.Close(websocket.StatusServiceRestart, "")
		}, 2, 100 * time.Millisecond},
		"a binary frame": {func(c *conversation) {
			answerJoin(c)
			c.conn.Write(context.Background(), websocket.MessageBinary, []byte{0, 1, 2})
			c.well()
		}, 2, 100 * time.Millisecond},
		"a frame with too few parts":    {sends(`["1","1","ingestion:run","phx_reply"]`), 2, 100 * time.Millisecond},
		"a frame with too many parts":   {sends(`["1","1","ingestion:run","ag-ui",{},{}]`), 2, 100 * time.Millisecond},
		"a frame that is an object":     {sends(`{"topic":"ingestion:run"}`), 2, 100 * time.Millisecond},
		"a frame that isn't JSON":       {sends(`[`), 2, 100 * time.Millisecond},
		"a frame nested without end":    {sends(strings.Repeat("[", 1<<20)), 2, 100 * time.Millisecond},
		"a frame whose ref is a number": {sends(`["1",1,"ingestion:run","ag-ui",{}]`), 2, 100 * time.Millisecond},
		"a frame without a topic":       {sends(`["1","1",null,"ag-ui",{}]`), 2, 100 * time.Millisecond},
		"a reply that is no object":     {sends(`["1","1","ingestion:run","phx_reply",7]`), 2, 100 * time.Millisecond},
		"a reply without a status":      {sends(`["1","1","ingestion:run","phx_reply",{}]`), 2, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, func(conversation *conversation) {
					if conversation.number == 1 {
						c.play(conversation)
					} else {
						conversation.well()
					}
				})
				begun := time.Now()
				channel := s.open(nil)
				<-s.joined
				if took := time.Since(begun); took > c.within || took < c.within/2 {
					t.Errorf("took %v, want at most %v", took, c.within)
				}
				joined(t, channel)
				if dials := s.dialled(); len(dials) != c.connections {
					t.Errorf("%d connections, want %d", len(dials), c.connections)
				}
			})
		})
	}
}

func answerJoin(c *conversation) message {
	m, _ := c.next()
	c.reply(m, "ok", map[string]any{})
	return m
}

// sends joins well, and then sends a text.
func sends(text string) func(*conversation) {
	return func(c *conversation) {
		answerJoin(c)
		c.conn.Write(context.Background(), websocket.MessageText, []byte(text))
		c.well()
	}
}

func TestAChannelEndsForGoodWhen(t *testing.T) {
	for name, c := range map[string]struct {
		play    func(*conversation)
		giveUp  func(error) bool
		status  []int
		refuse  bool
		want    error
		as      func(error) bool
		dialled int
	}{
		"the server closes the channel": {play: func(c *conversation) {
			m := answerJoin(c)
			c.send(m.JoinRef, m.JoinRef, m.Topic, "phx_close", map[string]any{})
			c.well()
		}, want: phoenix.ErrEnded, dialled: 1},
		"the server closes the connection normally": {play: func(c *conversation) {
			answerJoin(c)
			c.conn.Close(websocket.StatusNormalClosure, "")
		}, want: phoenix.ErrEnded, dialled: 1},
		"its owner gives up at a refused join": {play: func(c *conversation) {
			m, _ := c.next()
			c.reply(m, "error", map[string]any{"reason": "invalid_lock"})
			c.well()
		}, giveUp: func(err error) bool { return true }, as: func(err error) bool {
			refused, ok := errors.AsType[*phoenix.RefusedError](err)
			return ok && string(refused.Response) == `{"reason":"invalid_lock"}` && err.Error() == `join refused: {"reason":"invalid_lock"}`
		}, dialled: 1},
		"its owner gives up at a refused handshake": {status: []int{401},
			giveUp: func(err error) bool { return true }, as: func(err error) bool {
				dial, ok := errors.AsType[*phoenix.DialError](err)
				return ok && dial.Status == 401 && err.Error() == "connect: status 401"
			}, dialled: 1},
		"its owner gives up at a redirect": {status: []int{302},
			giveUp: func(err error) bool { return true }, as: func(err error) bool {
				dial, ok := errors.AsType[*phoenix.DialError](err)
				return ok && dial.Status == 302
			}, dialled: 1},
		"its owner gives up at the third refused connection": {refuse: true,
			giveUp: func() func(error) bool {
				count := 0
				return func(error) bool { count++; return count == 3 }
			}(), as: func(err error) bool {
				return !strings.Contains(err.Error(), "secret") && strings.Contains(err.Error(), "connection refused")
			}, dialled: 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, c.play, c.status...)
				s.refuse = c.refuse
				channel := s.open(func(config *phoenix.Config) { config.Failed = c.giveUp })
				<-channel.Done()
				err := channel.Err()
				if c.want != nil && err != c.want || c.as != nil && !c.as(err) {
					t.Errorf("ended with %v", err)
				}
				if _, joinErr := channel.Joined(t.Context()); joinErr != err {
					t.Errorf("Joined says %v", joinErr)
				}
				time.Sleep(time.Minute)
				if dials := s.dialled(); len(dials) != c.dialled {
					t.Errorf("%d connections, want %d", len(dials), c.dialled)
				}
			})
		})
	}
}

func TestPausesBetweenConnectionsGrowToTheirLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil)
		s.refuse = true
		s.open(nil)
		time.Sleep(2 * time.Minute)
		dials, want := s.dialled(), 100*time.Millisecond
		for i := range len(dials) - 1 {
			if pause := dials[i+1].Sub(dials[i]); pause > want || pause < want/2 {
				t.Errorf("pause %d is %v, want %v or up to a half less", i, pause, want)
			}
			want = min(2*want, 10*time.Second)
		}
		if len(dials) < 15 {
			t.Errorf("%d connections in two minutes", len(dials))
		}
	})
}

func TestWhatOtherJoinsGotIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, func(c *conversation) {
			m, _ := c.next()
			// Before it is joined the channel can be told things already.
			c.send(nil, nil, m.Topic, "ag-ui", "before the join")
			c.send("0", nil, m.Topic, "ag-ui", "of another join")
			c.send("0", nil, m.Topic, "phx_close", map[string]any{})
			c.send("0", nil, m.Topic, "phx_error", map[string]any{})
			c.send(nil, nil, "ingestion:other", "ag-ui", "of another channel")
			c.send(nil, "77", m.Topic, "phx_reply", map[string]any{"status": "ok"})
			c.send(nil, nil, "phoenix", "whatever", map[string]any{})
			c.reply(m, "ok", map[string]any{})
			c.reply(m, "error", map[string]any{"reason": "twice"})
			c.send(m.JoinRef, nil, m.Topic, "ag-ui", "in it")
			push, _ := c.next()
			c.send(m.JoinRef, "77", m.Topic, "phx_reply", map[string]any{"status": "error"})
			c.reply(push, "ok", map[string]any{"n": 1})
			c.reply(push, "error", map[string]any{"n": 2})
			c.well()
		})
		var heard []string
		channel := s.open(func(config *phoenix.Config) {
			config.Event = func(name string, payload []byte) { heard = append(heard, name+" "+string(payload)) }
		})
		session := joined(t, channel)
		reply, err := session.Push(t.Context(), "event", payload("{}"))
		if err != nil || !reply.OK || string(reply.Response) != `{"n":1}` {
			t.Errorf("push: %+v %s %v", reply, reply.Response, err)
		}
		synctest.Wait()
		if got := strings.Join(heard, ", "); got != `ag-ui "before the join", ag-ui "in it"` {
			t.Errorf("heard %s", got)
		}
		select {
		case <-session.Left():
			t.Error("session has ended")
		default:
		}
	})
}
