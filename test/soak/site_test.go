package soak_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// length is the length of an answer: the number of words, and the pause before each.
type length struct {
	agent string
	words int
	pause time.Duration
}

var (
	long  = length{"long", 60, 20 * time.Millisecond}
	short = length{"short", 4, 0}
)

// Run says the words in one message.
func (l length) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		id := "answer-" + input.RunID
		if !yield(agui.TextMessageStartEvent{MessageID: id, Role: agui.RoleAssistant}, nil) {
			return
		}
		for n := range l.words {
			if l.pause > 0 {
				select {
				case <-time.After(l.pause):
				case <-ctx.Done():
					return
				}
			}
			if !yield(agui.TextMessageContentEvent{MessageID: id, Delta: fmt.Sprintf("%d ", n)}, nil) {
				return
			}
		}
		yield(agui.TextMessageEndEvent{MessageID: id}, nil)
	}
}

// text returns the text of a complete answer.
func (l length) text() string {
	var b strings.Builder
	for n := range l.words {
		fmt.Fprintf(&b, "%d ", n)
	}
	return b.String()
}

// site is several instances of the runtime on one store, with statistics of their
// clients.
type site struct {
	servers  []*httptest.Server
	runtimes []*core.Runtime
	client   *http.Client
	counts   counts
	run      atomic.Int64

	mu      sync.Mutex
	threads map[string]length
}

type counts struct {
	read, left, stalled, stopped, followed, refused, unavailable atomic.Int64
}

// String returns the statistics.
func (c *counts) String() string {
	return fmt.Sprintf("runs read %d, left %d, stalled %d, stopped %d, followed %d, refused %d; asked to come again %d",
		c.read.Load(), c.left.Load(), c.stalled.Load(), c.stopped.Load(), c.followed.Load(), c.refused.Load(), c.unavailable.Load())
}

func newSite(t *testing.T, opened []store.Store) *site {
	t.Helper()
	s := &site{
		client:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		threads: make(map[string]length),
	}
	for _, one := range opened {
		runtime, err := core.New(core.Config{
			Agents: map[string]agent.Agent{long.agent: long, short.agent: short},
			Store:  one,
			Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		s.runtimes = append(s.runtimes, runtime)
		s.servers = append(s.servers, httptest.NewServer(runtime))
	}
	return s
}

// close waits for the current requests.
func (s *site) close() {
	for i, server := range s.servers {
		server.Close()
		_ = s.runtimes[i].Close()
	}
	s.client.CloseIdleConnections()
}

func (s *site) know(thread string, of length) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.threads[thread] = of
}
