package postgres_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/postgres"
	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
)

// A whole life of a thread, in which one answer of the server after the other is lost
// once, with its connection: what comes of it is the same.
func anyAnswerMayBeLost(t *testing.T, server *postgrestest.Server) {
	const lanes = 8
	var group sync.WaitGroup
	for lane := range int64(lanes) {
		group.Go(func() {
			for n := lane; ; n += lanes {
				proxy := losing(t, server.Addr, n)
				url := strings.Replace(server.URL(), server.Addr, proxy.addr, 1) + "&schema=lost&prefix=" + prefix()
				if err := live(t.Context(), open(t, url)); err != nil {
					t.Errorf("answer %d is lost: %v", n, err)
				}
				if proxy.answers.Load() <= n {
					return
				}
			}
		})
	}
	group.Wait()
}

// loser is a proxy that loses an answer.
type loser struct {
	addr    string
	answers atomic.Int64
}

// losing starts a proxy that cuts a connection in place of the answer with a number,
// counted over all connections once they are made.
func losing(t *testing.T, server string, number int64) *loser {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	p := &loser{addr: listener.Addr().String()}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer client.Close()
				backend, err := net.Dial("tcp", server)
				if err != nil {
					return
				}
				group.Go(func() {
					_, _ = io.Copy(backend, client)
					backend.Close()
				})
				p.pass(client, backend, number)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		group.Wait()
	})
	return p
}

// pass passes the server's messages on. An answer ends when the server is ready for more.
func (p *loser) pass(client net.Conn, backend io.Reader, number int64) {
	in := bufio.NewReader(backend)
	var held []byte
	for first := true; ; {
		head, err := in.Peek(5)
		if err != nil {
			return
		}
		message := make([]byte, 1+binary.BigEndian.Uint32(head[1:]))
		if _, err := io.ReadFull(in, message); err != nil {
			return
		}
		held = append(held, message...)
		switch {
		case message[0] == 'Z' && !first && p.answers.Add(1)-1 == number:
			return
		case message[0] == 'Z' || message[0] == 'R' || message[0] == 'A':
			first = first && message[0] != 'Z'
			if _, err := client.Write(held); err != nil {
				return
			}
			held = held[:0]
		}
	}
}

// live plays a thread from its making to its end.
func live(ctx context.Context, s *postgres.Store) error {
	defer s.Close()
	var lease store.Lease
	ticket := store.Ticket{User: "user", ID: "1", TTL: time.Minute}
	limits := store.Limits{RunsPerMinute: 1, ConcurrentRuns: 1, TokensPerDay: 100}
	want := func(ok bool, err error, what string, got any) error {
		if err == nil && !ok {
			err = fmt.Errorf("wrong %s: %+v", what, got)
		}
		return err
	}
	for n, step := range []func() error{
		func() error { _, err := s.CreateThread(ctx, thread, "agent", "name"); return err },
		func() (err error) {
			lease, err = s.Begin(ctx, store.BeginRequest{Key: thread, AgentID: "agent", RunID: "one", TTL: time.Minute, MessageIDs: []string{"m"}})
			return want(err != nil || len(lease.Seen()) == 0, err, "lease", lease)
		},
		func() error { return lease.Append(ctx, records(1, 3)) },
		func() error { return lease.Renew(ctx) },
		func() error { return lease.Append(ctx, records(4, 3)) },
		func() error {
			page, err := s.Read(ctx, thread, 0, false)
			return want(len(page.Records) == 6 && page.Live, err, "page", page)
		},
		func() error { asked, err := s.Stop(ctx, thread, "one"); return want(asked, err, "stop", asked) },
		func() error { return lease.AwaitStop(ctx) },
		func() error {
			return lease.Finish(ctx, &store.Result{Records: records(1, 6), MessageIDs: []string{"m", "n"}, Snapshot: store.Snapshot{Messages: []byte("[1]")}})
		},
		func() error {
			page, err := s.Read(ctx, thread, 0, true)
			return want(len(page.Records) == 6 && !page.Live, err, "page", page)
		},
		func() error {
			snapshot, err := s.Snapshot(ctx, thread)
			return want(string(snapshot.Messages) == "[1]", err, "snapshot", snapshot)
		},
		func() error {
			name := "other"
			_, err := s.UpdateThread(ctx, thread, store.Patch{Name: &name})
			return err
		},
		func() error {
			page, err := s.Threads(ctx, store.Query{Owner: thread.Owner})
			return want(len(page.Threads) == 1 && page.Threads[0].Name == "other", err, "list", page)
		},
		func() error {
			next, err := s.Begin(ctx, store.BeginRequest{Key: thread, AgentID: "agent", RunID: "two", TTL: time.Minute, MessageIDs: []string{"n"}})
			if err == nil && (next.NextSeq() != 7 || !next.Seen()["n"] || next.ParentRunID() != "one") {
				return errors.New("wrong lease")
			}
			if err == nil {
				err = next.Finish(ctx, nil)
			}
			return err
		},
		func() error {
			fleeting := store.Key{ID: "fleeting"}
			first, err := s.Begin(ctx, store.BeginRequest{Key: fleeting, RunID: "one", TTL: time.Minute})
			if err == nil {
				err = first.Finish(ctx, nil)
			}
			if err == nil && notFound(s.Thread(ctx, fleeting)) != nil {
				err = errors.New("it has left a trace")
			}
			return err
		},
		func() error { return s.Admit(ctx, ticket, limits) },
		func() error { return s.Renew(ctx, ticket, store.Tokens{Input: 1}) },
		func() error { return s.Release(ctx, ticket, store.Tokens{Input: 2}) },
		func() error {
			usage, err := s.Usage(ctx, store.UsageQuery{User: "user"})
			return want(len(usage.Usage) == 1 && usage.Usage[0].Runs == 1 && usage.Usage[0].Tokens.Input == 2, err, "usage", usage)
		},
		func() error { return s.DeleteThread(ctx, thread) },
		func() error { return notFound(s.Thread(ctx, thread)) },
		func() error { return s.Clear(ctx, thread.Owner) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", n, err)
		}
	}
	return nil
}
