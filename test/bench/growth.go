package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	llm "github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// growth is how the cost of something grows with how much of it there is.
type growth struct {
	name   string
	points []point
	// most is the largest size that a request may have.
	most int
	// do does it once, for a size.
	do func(ctx context.Context, size int) error
}

// point is the cost of one size.
type point struct {
	size  int
	time  time.Duration // of all processors
	bytes float64       // that were allocated
}

// sizes are what is measured, as far as a request may be so large.
var sizes = []int{10, 100, 1_000, 10_000}

// drawGrowth measures how costs grow and writes a picture of it. It reports what grows
// faster than linearly.
func drawGrowth(ctx context.Context, file string) error {
	all := growths()
	for _, g := range all {
		for _, size := range sizes {
			if size > g.most {
				break
			}
			p, err := g.measure(ctx, size)
			if err != nil {
				return fmt.Errorf("%d %s: %w", size, g.name, err)
			}
			g.points = append(g.points, p)
		}
	}
	fmt.Println("\n| | 10 | 100 | 1,000 | 10,000 | power of the last tenfold: time, memory |\n|---|---|---|---|---|---|")
	for _, g := range all {
		cells := make([]string, len(sizes))
		for i, p := range g.points {
			cells[i] = fmt.Sprintf("%s, %s", shortTime(p.time), shortBytes(p.bytes))
		}
		ofTime, ofMemory := g.powers()
		fmt.Printf("| %s | %s | %.2f, %.2f |\n", g.name, strings.Join(cells, " | "), ofTime, ofMemory)
	}
	return os.WriteFile(file, draw(all), 0o644)
}

// powers returns with which power of the size the costs grow at the end: 1 is linear.
func (g *growth) powers() (ofTime, ofMemory float64) {
	last, before := g.points[len(g.points)-1], g.points[len(g.points)-2]
	tenfold := math.Log(float64(last.size) / float64(before.size))
	return math.Log(float64(last.time)/float64(before.time)) / tenfold, math.Log(last.bytes/before.bytes) / tenfold
}

// measure takes the least of several measurements.
func (g *growth) measure(ctx context.Context, size int) (point, error) {
	least := point{size: size, time: math.MaxInt64, bytes: math.MaxFloat64}
	for range 3 {
		// Small things are done many times, so that the clock can tell.
		for repeat := 1; ; repeat *= 4 {
			p, err := g.measureOnce(ctx, size, repeat)
			if err != nil {
				return point{}, err
			}
			least.time, least.bytes = min(least.time, p.time), min(least.bytes, p.bytes)
			if p.time*time.Duration(repeat) > 50*time.Millisecond {
				break
			}
		}
	}
	return least, nil
}

func (g *growth) measureOnce(ctx context.Context, size, repeat int) (point, error) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := processorTime()
	for range repeat {
		if err := g.do(ctx, size); err != nil {
			return point{}, err
		}
	}
	took := processorTime() - began
	runtime.ReadMemStats(&after)
	return point{size, took / time.Duration(repeat), float64(after.TotalAlloc-before.TotalAlloc) / float64(repeat)}, nil
}

// processorTime returns what this process has used of the processors.
func processorTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// growths are all that is measured, each through the whole runtime but the network.
func growths() []*growth {
	return []*growth{
		{name: "history messages", most: 10_000, do: func(ctx context.Context, n int) error {
			var messages strings.Builder
			for i := range n {
				fmt.Fprintf(&messages, `,{"id":"m%d","role":%q,"content":"Some words of a conversation."}`, i, []string{"user", "assistant"}[i%2])
			}
			return newSite(twoWordsAgent()).run(ctx, "t", "r", messages.String()[1:], "")
		}},
		{name: "tools", most: 1_000, do: func(ctx context.Context, n int) error {
			var tools strings.Builder
			for i := range n {
				fmt.Fprintf(&tools, `,{"name":"tool%d","description":"Does something.","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}`, i)
			}
			return newSite(twoWordsAgent()).run(ctx, "t", "r", userMessage, tools.String()[1:])
		}},
		{name: "state deltas", most: 10_000, do: func(ctx context.Context, n int) error {
			return newSite(stateDeltas(n)).run(ctx, "t", "r", userMessage, "")
		}},
		{name: "runs on a thread, then read", most: 10_000, do: func(ctx context.Context, n int) error {
			site := newSite(twoWordsAgent())
			for i := range n {
				if err := site.run(ctx, "t", fmt.Sprint("r", i), userMessage, ""); err != nil {
					return err
				}
			}
			return site.post(ctx, "connect", "t", "r", "", "", nil)
		}},
		{name: "followers of a run", most: 10_000, do: followers},
	}
}

const userMessage = `{"id":"m","role":"user","content":"Hi"}`

// site is a runtime without a network.
type site struct{ handler http.Handler }

func newSite(answering agent.Agent) *site {
	runtime, err := core.New(core.Config{
		Agents: map[string]agent.Agent{"default": answering}, Logger: slog.New(slog.DiscardHandler), PublicThreads: true,
		Store: memory.New(memory.Limits{MaxRunsPerThread: -1, MaxThreads: -1, MaxBytes: -1}),
	})
	if err != nil {
		panic(err) // a mistake of this program
	}
	return &site{runtime}
}

func (s *site) run(ctx context.Context, thread, run, messages, tools string) error {
	return s.post(ctx, "run", thread, run, messages, tools, nil)
}

// post makes a request and reads its answer; written, unless nil, is told of each write.
func (s *site) post(ctx context.Context, route, thread, run, messages, tools string, written func([]byte)) error {
	body := fmt.Sprintf(`{"threadId":%q,"runId":%q,"state":{},"messages":[%s],"tools":[%s],"context":[],"forwardedProps":{}}`, thread, run, messages, tools)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/agent/default/"+route, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := &sink{header: http.Header{}, written: written}
	s.handler.ServeHTTP(w, r)
	if w.status != http.StatusOK || strings.Contains(string(w.last), "RUN_ERROR") {
		return fmt.Errorf("%s answered %d: %s", route, w.status, w.last)
	}
	return nil
}

// sink is an answer of which only the last write is kept.
type sink struct {
	header  http.Header
	status  int
	last    []byte
	written func([]byte)
}

func (w *sink) Header() http.Header    { return w.header }
func (w *sink) WriteHeader(status int) { w.status = status }
func (w *sink) FlushError() error      { return nil }

func (w *sink) Write(p []byte) (int, error) {
	w.last = append(w.last[:0], p...)
	if w.written != nil {
		w.written(p)
	}
	return len(p), nil
}

// twoWordsAgent is the built-in agent with a model that says two words.
func twoWordsAgent() agent.Agent {
	answering, err := builtin.New(builtin.Config{Model: twoWords{}})
	if err != nil {
		panic(err) // a mistake of this program
	}
	return answering
}

type twoWords struct{}

func (twoWords) Stream(context.Context, *llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		_ = yield(llm.Delta{Kind: llm.KindText, Text: "Hello "}, nil) && yield(llm.Delta{Kind: llm.KindText, Text: "there"}, nil) &&
			yield(llm.Delta{Kind: llm.KindFinish, Finish: &llm.Finish{Reason: llm.FinishStop}}, nil)
	}
}

// finished is the end of a run of this file's agents.
var finished = agui.RunFinishedEvent{ThreadID: "t", RunID: "r"}

// stateDeltas is an agent that changes the shared state so often.
func stateDeltas(n int) agent.Agent {
	return agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			for i := range n {
				patch := fmt.Sprintf(`[{"op":"add","path":"/key%d","value":"some words"}]`, i)
				if !yield(agui.StateDeltaEvent{Delta: []byte(patch)}, nil) {
					return
				}
			}
			yield(finished, nil)
		}
	})
}

// followers has so many clients follow a run of a hundred deltas.
func followers(ctx context.Context, n int) error {
	begin := make(chan struct{})
	site := newSite(agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			yield(agui.TextMessageStartEvent{MessageID: "m"}, nil)
			<-begin
			for range 100 {
				yield(agui.TextMessageContentEvent{MessageID: "m", Delta: "some words "}, nil)
			}
			yield(agui.TextMessageEndEvent{MessageID: "m"}, nil)
			yield(finished, nil)
		}
	}))
	var following, group sync.WaitGroup
	failures := make(chan error, n+1)
	started := make(chan struct{})
	group.Go(func() {
		failures <- site.post(ctx, "run", "t", "r", userMessage, "", func([]byte) {
			select {
			case <-started:
			default:
				close(started)
			}
		})
	})
	<-started
	following.Add(n)
	for range n {
		group.Go(func() {
			var once sync.Once
			failures <- site.post(ctx, "connect", "t", "r", "", "", func([]byte) { once.Do(following.Done) })
		})
	}
	following.Wait()
	close(begin)
	group.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}
