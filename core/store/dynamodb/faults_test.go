package dynamodb_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/dynamodb"
	"github.com/copilotkit-go/runtime/core/store/dynamodb/dynamotest"
)

// A whole life of a thread, in which one request after the other goes wrong once: what
// comes of it is the same.
func TestAnyRequestMayFailOrLoseItsAnswerOnce(t *testing.T) {
	t.Parallel()
	// Requests that aren't done all look alike, but for their number.
	for fault, name := range map[dynamotest.Fault]string{dynamotest.Throttle: "throttled", dynamotest.Lose: "done, and its answer lost"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, stop := server.Through()
			t.Cleanup(stop)
			step := 1
			if fault == dynamotest.Throttle {
				step = 3 // it is the same everywhere
			}
			for n := 0; ; n += step {
				var mu sync.Mutex
				requests := 0
				proxy.Fault(func(string) dynamotest.Fault {
					mu.Lock()
					defer mu.Unlock()
					if requests++; requests-1 == n {
						return fault
					}
					return dynamotest.None
				})
				if err := live(t.Context(), openAt(t, fresh(), proxy)); err != nil {
					t.Fatalf("request %d is %s: %v", n, name, err)
				}
				mu.Lock()
				through := requests <= n
				mu.Unlock()
				if through {
					return // no request has gone wrong any more
				}
			}
		})
	}
}

// live plays a thread from its making to its end.
func live(ctx context.Context, s *dynamodb.Store) error {
	_, err := s.CreateThread(ctx, thread, "agent", "name")
	if err != nil {
		return err
	}
	lease, err := s.Begin(ctx, store.BeginRequest{Key: thread, AgentID: "agent", RunID: "one", TTL: time.Minute, MessageIDs: []string{"m"}})
	if err != nil {
		return err
	}
	all := records(1, 6, "one")
	for _, step := range []func() error{
		func() error { return lease.Append(ctx, all[:3]) },
		func() error { return lease.Renew(ctx) },
		func() error { return lease.Append(ctx, all[3:]) },
		func() error {
			stopped, err := s.Stop(ctx, thread, "one")
			if err == nil && !stopped {
				err = errors.New("wasn't stopped")
			}
			return err
		},
		func() error { return lease.AwaitStop(ctx) },
		func() error {
			return lease.Finish(ctx, &store.Result{Records: all, MessageIDs: []string{"m", "n"}, Snapshot: store.Snapshot{Messages: []byte("[1]")}})
		},
		func() error {
			page, err := s.Read(ctx, thread, 0, false)
			if err == nil && (len(page.Records) != 6 || page.Live) {
				err = errors.New("wrong page")
			}
			return err
		},
		func() error {
			snapshot, err := s.Snapshot(ctx, thread)
			if err == nil && string(snapshot.Messages) != "[1]" {
				err = errors.New("wrong snapshot")
			}
			return err
		},
		func() error {
			name := "other"
			_, err := s.UpdateThread(ctx, thread, store.Patch{Name: &name})
			return err
		},
		func() error {
			page, err := s.Threads(ctx, store.Query{Owner: thread.Owner})
			if err == nil && (len(page.Threads) != 1 || page.Threads[0].Name != "other") {
				err = errors.New("wrong list")
			}
			return err
		},
		func() error {
			next, err := s.Begin(ctx, store.BeginRequest{Key: thread, AgentID: "agent", RunID: "two", TTL: time.Minute, MessageIDs: []string{"n"}})
			if err == nil && (next.NextSeq() != 7 || !next.Seen()["n"]) {
				err = errors.New("wrong lease")
			}
			if err == nil {
				err = next.Finish(ctx, nil)
			}
			return err
		},
		func() error {
			ticket := store.Ticket{User: "user", ID: "1", TTL: time.Minute}
			err := errors.Join(s.Admit(ctx, ticket, store.Limits{ConcurrentRuns: 1}), s.Renew(ctx, ticket, store.Tokens{Input: 1}),
				s.Release(ctx, ticket, store.Tokens{Input: 2}))
			if err != nil {
				return err
			}
			usage, err := s.Usage(ctx, store.UsageQuery{User: "user"})
			if err == nil && (len(usage.Usage) != 1 || usage.Usage[0].Runs != 1 || usage.Usage[0].Tokens.Input != 2) {
				err = errors.New("wrong usage")
			}
			return err
		},
		func() error { return s.DeleteThread(ctx, thread) },
		func() error {
			if _, err := s.Thread(ctx, thread); !errors.Is(err, store.ErrNotFound) {
				return errors.New("still there")
			}
			return nil
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func TestWhatFailsIsSaid(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		fault       dynamotest.Fault
		unavailable bool
		says        string
	}{
		{"a table that has too much to do", dynamotest.Throttle, true, "ThrottlingException"},
		{"a service that fails", dynamotest.Fail, true, "InternalServerError"},
		{"a service that can't be reached", dynamotest.Refuse, true, "no answer"},
		{"a role without the action", dynamotest.Deny, false, "may not dynamodb:GetItem on table threads"},
		{"credentials that have expired", dynamotest.Expire, false, "doesn't accept the credentials of this process (ExpiredTokenException)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			proxy, stop := server.Through()
			t.Cleanup(stop)
			proxy.Fault(func(string) dynamotest.Fault { return test.fault })
			s := openAt(t, fresh(), proxy)
			begun := time.Now()
			_, err := s.Thread(t.Context(), thread)
			if errors.Is(err, store.ErrUnavailable) != test.unavailable || err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v", err)
			}
			if strings.Contains(err.Error(), "test/2") || time.Since(begun) > 10*time.Second {
				t.Errorf("after %v: %v", time.Since(begun), err)
			}
		})
	}
}

func TestATableThatIsMissingIsSaid(t *testing.T) {
	t.Parallel()
	s := open(t, "dynamodb://nowhere")
	if _, err := s.Thread(t.Context(), thread); err == nil || errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "there is no table nowhere") {
		t.Errorf("got %v", err)
	}
}

func TestManyMakeTheTableAtOnce(t *testing.T) {
	t.Parallel()
	var group sync.WaitGroup
	for range 8 {
		s := open(t, "dynamodb://made-by-many?create=true")
		group.Go(func() {
			if _, err := s.Threads(t.Context(), store.Query{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestOpenAsksNobody(t *testing.T) {
	t.Parallel()
	proxy, stop := server.Through()
	t.Cleanup(stop)
	openAt(t, fresh(), proxy)
	if counted := proxy.Take(); len(counted.Requests) > 0 {
		t.Errorf("it has asked %v", counted.Requests)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, says := range map[string]string{
		"dynamodb://threads": "", "dynamodb://My_Table.1?region=eu-central-1&create=true&prefix=a:&retention=720h&max-runs=5": "",
		"dynamodb://":                                           "want dynamodb://table",
		"dynamodb://ab":                                         "want dynamodb://table",
		"dynamodb://key:secret@threads":                         "want dynamodb://table",
		"dynamodb://threads/more":                               "want dynamodb://table",
		"dynamodb://threads?region=EU":                          "region: ",
		"dynamodb://threads?create=perhaps":                     "create: ",
		"dynamodb://threads?retention=1s":                       "retention: ",
		"dynamodb://threads?endpoint=x":                         `unknown parameter "endpoint"`,
		"dynamodb://threads?prefix=" + strings.Repeat("x", 201): "prefix: longer than 200 bytes",
	} {
		s, err := dynamodb.Open(t.Context(), address, dynamodb.Options{Logger: slog.New(slog.DiscardHandler)})
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", address, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error quotes it: %v", address, err)
		}
		if err == nil && s.Close() != nil {
			t.Error("close")
		}
	}
}
