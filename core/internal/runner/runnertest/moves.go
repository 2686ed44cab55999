package runnertest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

// run is one run of the game, and the agent that answers it.
type run struct {
	play *play
	id   string
	key  store.Key
	on   *instance
	// deltas are what the agent says, with a pause after each.
	deltas int
	pause  time.Duration
	// manner is how the agent ends.
	manner manner
	// leaves is after how many events the client goes away, 0 for never.
	leaves int

	// begun says that the run got its lease; err is what Stream returned.
	begun bool
	err   error
	// sent is what the client got, or would have got.
	sent []agui.Encoded
	// appended is how many records the store has acknowledged.
	appended int
	// from and to are when the agent worked, ended when Stream returned.
	from, to, ended int64
}

type manner int

const (
	finishes manner = iota
	forgetsToFinish
	fails
	panics
	manners
)

func (p *play) newRun(key store.Key, deltas int) *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &run{play: p, id: fmt.Sprint("run-", len(p.runs)), key: key, deltas: deltas}
	p.runs[r.id] = r
	return r
}

func (p *play) appended(runID string, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs[runID].appended = max(p.runs[runID].appended, total)
}

// Run answers the run with a message of its deltas, and with a state that lists every
// third of them.
func (r *run) Run(ctx context.Context, _ *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		r.from = r.play.tick()
		defer func() {
			if r.to == 0 {
				r.to = r.play.tick()
			}
		}()
		message := "message-of-" + r.id
		if !yield(agui.TextMessageStartEvent{MessageID: message, Role: agui.RoleAssistant}, nil) {
			return
		}
		if !yield(agui.StateSnapshotEvent{Snapshot: fmt.Appendf(nil, `{"run":%q,"list":[]}`, r.id)}, nil) {
			return
		}
		for n := range r.deltas {
			if !yield(agui.TextMessageContentEvent{MessageID: message, Delta: fmt.Sprintf("<%s %d é>", r.id, n)}, nil) {
				return
			}
			if n%3 == 0 && !yield(agui.StateDeltaEvent{Delta: fmt.Appendf(nil, `[{"op":"add","path":"/list/-","value":%d}]`, n)}, nil) {
				return
			}
			if r.pause == 0 {
				continue
			}
			if pause.Sleep(ctx, r.pause) != nil {
				return
			}
		}
		switch r.manner {
		case forgetsToFinish:
			return
		case fails:
			yield(nil, errors.New("agent fails"))
			return
		case panics:
			panic("agent panics")
		}
		if yield(agui.TextMessageEndEvent{MessageID: message}, nil) {
			// After this the next run may begin.
			r.to = r.play.tick()
			yield(agui.RunFinishedEvent{ThreadID: r.key.ID, RunID: r.id}, nil)
		}
	}
}

// do runs a run on an instance.
func (p *play) do(on *instance, r *run) error {
	r.on = on
	run, err := on.Begin(context.Background(), runner.Request{
		Key: r.key, AgentID: "agent", Agent: agent.Agent(r),
		Observe: func(event agui.Encoded) { r.sent = append(r.sent, event) },
		Input: &agui.RunAgentInput{
			ThreadID: r.key.ID, RunID: r.id,
			Messages: []agui.Message{{ID: "question-of-" + r.id, Role: agui.RoleUser, Content: agui.TextContent(r.id)}},
		},
	})
	if err != nil {
		return err
	}
	r.begun = true
	got := 0
	r.err = run.Stream(context.Background(), func(event agui.Encoded) error {
		if got++; r.leaves > 0 && got > r.leaves {
			return errBrokenOff
		}
		if last := r.sent[len(r.sent)-1]; string(last.JSON()) != string(event.JSON()) {
			p.t.Errorf("%s was sent %s where %s was seen", r.id, event.JSON(), last.JSON())
		}
		return nil
	})
	r.ended = p.tick()
	return r.err
}

// follow is one connection to a thread, broken off and resumed perhaps.
type follow struct {
	key store.Key
	// from is when it began.
	from int64
	got  []agui.Encoded
	err  error
	// cut says that the instance died, or the store failed.
	cut bool
}

var errBrokenOff = errors.New("broken off")

// connect follows a thread. With breakOff above 0 the client leaves after so
// many events, and comes back to another instance for the rest.
func (p *play) connect(random *rand.Rand, key store.Key, breakOff int) {
	f := &follow{key: key, from: p.tick()}
	on := p.pick(random)
	var last int64
	take := func(record store.Record) error {
		if breakOff > 0 && len(f.got) == breakOff {
			return errBrokenOff
		}
		f.got = append(f.got, record.Event)
		last = record.Seq
		return nil
	}
	f.err = on.Connect(context.Background(), key, 0, take)
	if errors.Is(f.err, errBrokenOff) {
		breakOff = 0
		if last == 0 {
			// Inside compacted history one has to start again.
			f.got = nil
		}
		on = p.pick(random)
		f.err = on.Connect(context.Background(), key, last, take)
	}
	f.cut = on.store.isDead() || f.err != nil
	p.mu.Lock()
	defer p.mu.Unlock()
	p.follows = append(p.follows, f)
}

// move is one client's next step.
func (p *play) move(random *rand.Rand) {
	key := key(random.IntN(p.Threads))
	switch random.IntN(10) {
	case 0, 1, 2, 3:
		r := p.newRun(key, random.IntN(40))
		r.manner = finishes
		if random.IntN(3) == 0 {
			r.manner = manner(random.IntN(int(manners)))
		}
		if random.IntN(3) > 0 {
			r.pause = time.Duration(random.Int64N(int64(p.LeaseTTL / 40)))
		}
		if random.IntN(5) == 0 {
			r.leaves = 1 + random.IntN(20)
		}
		err := p.do(p.pick(random), r)
		if err != nil && !r.begun && !errors.Is(err, store.ErrLocked) && !errors.Is(err, store.ErrUnavailable) {
			p.t.Errorf("begin %s: %v", r.id, err)
		}
	case 4:
		if _, err := p.pick(random).Stop(context.Background(), key, ""); err != nil && !errors.Is(err, store.ErrUnavailable) {
			p.t.Errorf("stop: %v", err)
		}
	case 5, 6, 7:
		p.connect(random, key, 0)
	default:
		p.connect(random, key, 1+random.IntN(60))
	}
}
