package dynamodb_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/dynamodb"
	"github.com/copilotkit-go/runtime/core/store/dynamodb/dynamotest"
)

// Whole lives of a thread: in one the first request of each call goes wrong once, in the
// next one the second, until no call has so many. What comes of it is the same.
func TestAnyRequestMayFailOrLoseItsAnswerOnce(t *testing.T) {
	t.Parallel()
	// Requests that aren't done all look alike, but for their number.
	for fault, name := range map[dynamotest.Fault]string{dynamotest.Throttle: "throttled", dynamotest.Lose: "done, and its answer lost"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, stop := server.Through()
			t.Cleanup(stop)
			for n, through := int32(1), false; !through; n++ {
				var requests atomic.Int32
				through = true
				proxy.Fault(func(string) dynamotest.Fault {
					if requests.Add(1) == n {
						return fault
					}
					return dynamotest.None
				})
				err := live(t.Context(), openAt(t, fresh(), proxy), func() {
					through = through && requests.Swap(0) < n
				})
				if err != nil {
					t.Fatalf("request %d of each call is %s: %v", n, name, err)
				}
			}
		})
	}
}

// live plays a thread from its making to its end. It tells called of the end of each call.
func live(ctx context.Context, s *dynamodb.Store, called func()) error {
	_, err := s.CreateThread(ctx, thread, "agent", "name")
	if err != nil {
		return err
	}
	called()
	lease, err := s.Begin(ctx, store.BeginRequest{Key: thread, AgentID: "agent", RunID: "one", TTL: longTTL, MessageIDs: []string{"m"}})
	if err != nil {
		return err
	}
	called()
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
			next, err := s.Begin(ctx, store.BeginRequest{Key: thread, AgentID: "agent", RunID: "two", TTL: longTTL, MessageIDs: []string{"n"}})
			called()
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
			for _, call := range []func() error{
				func() error { return s.Admit(ctx, ticket, store.Limits{ConcurrentRuns: 1}) },
				func() error { return s.Renew(ctx, ticket, store.Tokens{Input: 1}) },
				func() error { return s.Release(ctx, ticket, store.Tokens{Input: 2}) },
			} {
				if err := call(); err != nil {
					return err
				}
				called()
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
		called()
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

// What a delete has left that was cut short is removed by the next one, which takes its
// time: a thread that is made meanwhile isn't touched in part.
func TestADeleteOfWhatIsLeftSparesANewThread(t *testing.T) {
	t.Parallel()
	proxy, closeProxy := server.Through()
	t.Cleanup(closeProxy)
	address := fresh()
	s, other := openAt(t, address, proxy), open(t, address)
	for n := range 3 { // more than one page of items
		lease := begin(t, other, fmt.Sprint("run ", n), longTTL)
		text := make([]byte, 500<<10)
		_, _ = rand.Read(text)
		if err := lease.Finish(t.Context(), &store.Result{Records: records(lease.NextSeq(), 1, hex.EncodeToString(text))}); err != nil {
			t.Fatal(err)
		}
	}
	proxy.Fault(func(operation string) dynamotest.Fault {
		if operation == "BatchWriteItem" {
			return dynamotest.Deny
		}
		return dynamotest.None
	})
	if err := s.DeleteThread(t.Context(), thread); err == nil {
		t.Fatal("nothing has failed")
	}
	reading, goOn := make(chan struct{}), make(chan struct{})
	var queries atomic.Int32
	proxy.Fault(func(operation string) dynamotest.Fault {
		if operation == "Query" && queries.Add(1) == 2 {
			close(reading)
			<-goOn
		}
		return dynamotest.None
	})
	deleted := make(chan error, 1)
	go func() { deleted <- s.DeleteThread(t.Context(), thread) }()
	<-reading
	record := run(t, other, "new")
	close(goOn)
	if err := <-deleted; err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	wantRecords(t, read(t, other), record)
	if _, err := other.Snapshot(t.Context(), thread); err != nil {
		t.Error(err)
	}
}

// The role of the template has the actions that a runtime asks for, and no other.
func TestTheTemplateAllowsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	allowed := make(map[string]bool)
	for _, action := range regexp.MustCompile(`dynamodb:([A-Z]\w+)`).FindAllSubmatch(template, -1) {
		allowed[string(action[1])] = true
	}
	proxy, stop := server.Through()
	t.Cleanup(stop)
	address := fresh()
	run(t, open(t, address), "makes the table")
	proxy.Fault(func(operation string) dynamotest.Fault {
		if allowed[operation] {
			return dynamotest.None
		}
		return dynamotest.Deny
	})
	s := openAt(t, strings.Replace(address, "create=true&", "", 1)+"more&retention=1h&max-runs=1", proxy)
	if err := live(t.Context(), s, func() {}); err != nil {
		t.Error(err)
	}
	run(t, s, "one")
	run(t, s, "two")
	if err := s.Clear(t.Context(), thread.Owner); err != nil {
		t.Error(err)
	}
	if _, err := s.Usage(t.Context(), store.UsageQuery{All: true}); err != nil {
		t.Error(err)
	}
	for asked := range proxy.Take().Requests {
		delete(allowed, asked)
	}
	if len(allowed) > 0 {
		t.Errorf("nobody has asked for %v", allowed)
	}
}
