package phoenix_test

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/copilotkit-go/runtime/core/intelligence/managed/internal/phoenix"
)

func TestAPushFailsWhen(t *testing.T) {
	for name, c := range map[string]struct {
		play func(*conversation)
		ctx  time.Duration
		want error
		took time.Duration
	}{
		"there is no answer":      {func(c *conversation) { answerJoin(c); c.well("event") }, time.Hour, phoenix.ErrTimeout, 10 * time.Second},
		"the server crashes":      {func(c *conversation) { answerJoin(c); c.next() }, time.Hour, phoenix.ErrLeft, 0},
		"the server doesn't read": {func(c *conversation) { answerJoin(c); time.Sleep(time.Minute) }, time.Hour, phoenix.ErrTimeout, 10 * time.Second},
		"its context ends":        {func(c *conversation) { answerJoin(c); c.well("event") }, time.Second, context.DeadlineExceeded, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, c.play)
				session := joined(t, s.open(nil))
				begun := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), c.ctx)
				defer cancel()
				if _, err := session.Push(ctx, "event", payload("{}")); err != c.want {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if took := time.Since(begun); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
			})
		})
	}
}

// An instance that was frozen has connections that are gone without a sign.
func TestAPushWithoutAnAnswerFindsOutThatTheConnectionIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, func(c *conversation) {
			if c.number == 1 {
				answerJoin(c)
				c.well("event", "heartbeat")
				return
			}
			c.well()
		})
		channel := s.open(nil)
		session := joined(t, channel)
		begun := time.Now()
		if _, err := session.Push(t.Context(), "event", payload("{}")); err != phoenix.ErrTimeout {
			t.Fatal(err)
		}
		<-session.Left()
		if took := time.Since(begun); took != 20*time.Second {
			t.Errorf("took %v", took)
		}
		joined(t, channel)
	})
}

func TestClosingDoesNotWaitForAServerThatDoesNothing(t *testing.T) {
	for name, play := range map[string]func(*conversation){
		"after the join":  func(c *conversation) { answerJoin(c); time.Sleep(time.Hour) },
		"during the join": func(c *conversation) { c.next(); time.Sleep(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, play)
				channel := s.open(nil)
				time.Sleep(time.Second)
				begun := time.Now()
				channel.Close()
				channel.Close()
				if took := time.Since(begun); took > time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
	t.Run("during the handshake", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, nil)
			s.http.Handler = never()
			channel := s.open(nil)
			time.Sleep(time.Second)
			begun := time.Now()
			channel.Close()
			if took := time.Since(begun); took > 0 {
				t.Errorf("took %v", took)
			}
		})
	})
}

func TestAServerThatQuotesTheTokenDoesNotGetItIntoAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil)
		s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
			fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
				"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s, cpk-1_secret-key\r\n\r\n",
				base64.StdEncoding.EncodeToString(sum[:]), r.Header.Get("Sec-WebSocket-Protocol"))
		})
		channel := s.open(func(config *phoenix.Config) { config.Failed = func(error) bool { return true } })
		<-channel.Done()
		text := channel.Err().Error()
		if !strings.Contains(text, "unexpected Sec-WebSocket-Protocol") || strings.Contains(text, "Y3BrLTFfc2VjcmV0LWtleQ") || strings.Contains(text, "cpk-1_secret-key") {
			t.Errorf("the error is %s", text)
		}
	})
}

func TestAServerThatDropsWhoeverJoinsIsNotStormed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const lasts = 5 * time.Second
		begun := time.Now()
		s := newServer(t, func(c *conversation) {
			answerJoin(c)
			if time.Since(begun) >= time.Minute {
				time.Sleep(lasts)
			}
		})
		s.open(nil)
		time.Sleep(time.Minute)
		if dials := len(s.dialled()); dials > 25 {
			t.Errorf("%d connections in a minute", dials)
		}
		time.Sleep(time.Minute)
		if dials := s.dialled(); dials[len(dials)-1].Sub(dials[len(dials)-2]) > lasts+100*time.Millisecond {
			t.Error("when it has come back it is still tried seldom")
		}
	})
}

// A server, or who answers in its place, may quote what it was sent.
func TestTheTokenIsInNothingThatTheServerSaid(t *testing.T) {
	const quote = "no such key: cpk-1_secret-key, Y3BrLTFfc2VjcmV0LWtleQ"
	for name, play := range map[string]func(*conversation){
		"refusing a join": func(c *conversation) {
			m, _ := c.next()
			c.reply(m, "error", map[string]any{"reason": quote})
			c.well()
		},
		"closing": func(c *conversation) {
			answerJoin(c)
			c.conn.Close(websocket.StatusPolicyViolation, quote)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failures := make(chan error, 1)
				channel := newServer(t, play).open(func(c *phoenix.Config) {
					c.Failed = func(err error) bool { failures <- err; return true }
				})
				text := (<-failures).Error()
				<-channel.Done()
				for _, text := range []string{text, channel.Err().Error()} {
					if strings.Contains(text, "secret-key") || strings.Contains(text, "Y3Br") || !strings.Contains(text, "no such key") {
						t.Errorf("it says %q", text)
					}
				}
			})
		})
	}
}
