package storetest

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
	// deltas is how many the agent yields, with a pause after each.
	deltas int
	pause  time.Duration
	ending ending
	// clientEvents is after how many events the client goes away, 0 for never.
	clientEvents int

	// begun is set when the run has got its lease; err is what Stream returned.
	begun bool
	err   error
	// sent is what the client got, or would have got. The play's mu guards it during
	// the run.
	sent []agui.Encoded
	// appended is how many records the store has acknowledged.
	appended int
	// The agent worked from agentBegan to agentEnded, and Stream returned at
	// streamEnded.
	agentBegan, agentEnded, streamEnded int64
}

// ending is how an agent ends.
type ending int

const (
	finishes ending = iota
	forgetsToFinish
	fails
	panics
	endings
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
		r.agentBegan = r.play.tick()
		defer func() {
			if r.agentEnded == 0 {
				r.agentEnded = r.play.tick()
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
			if r.pause > 0 && pause.Sleep(ctx, r.pause) != nil {
				return
			}
		}
		switch r.ending {
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
			r.agentEnded = r.play.tick()
			yield(agui.RunFinishedEvent{ThreadID: r.key.ID, RunID: r.id}, nil)
		}
	}
}

// do runs r on an instance.
func (p *play) do(on *instance, r *run) error {
	run, err := on.Begin(context.Background(), runner.Request{
		Key: r.key, AgentID: "agent", Agent: agent.Agent(r),
		Observe: r.observe,
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
	r.err = run.Stream(context.Background(), runner.Each(func(event agui.Encoded) error {
		if got++; r.clientEvents > 0 && got > r.clientEvents {
			return errBrokenOff
		}
		if observed := r.observed(got); string(observed.JSON()) != string(event.JSON()) {
			p.t.Errorf("%s was sent %s where %s was seen", r.id, event.JSON(), observed.JSON())
		}
		return nil
	}))
	r.streamEnded = p.tick()
	return r.err
}

func (r *run) observe(event agui.Encoded) {
	r.play.mu.Lock()
	defer r.play.mu.Unlock()
	r.sent = append(r.sent, event)
}

// observed returns the nth event of the run, counted from 1.
func (r *run) observed(n int) agui.Encoded {
	r.play.mu.Lock()
	defer r.play.mu.Unlock()
	return r.sent[n-1]
}

// connection is one client that follows a thread, breaking off and resuming
// perhaps.
type connection struct {
	key   store.Key
	began int64
	got   []agui.Encoded
	err   error
	// cut is set when the instance was killed, or the store failed.
	cut bool
}

var errBrokenOff = errors.New("broken off")

// connect follows a thread. With breakOff above 0 the client leaves after so
// many events, and comes back to another instance for the rest.
func (p *play) connect(random *rand.Rand, key store.Key, breakOff int) {
	c := &connection{key: key, began: p.tick()}
	on := p.pick(random)
	var last int64
	take := func(record store.Record) error {
		if breakOff > 0 && len(c.got) == breakOff {
			return errBrokenOff
		}
		c.got = append(c.got, record.Event)
		last = record.Seq
		return nil
	}
	c.err = on.Connect(context.Background(), key, 0, runner.Each(take))
	if errors.Is(c.err, errBrokenOff) {
		breakOff = 0
		if last == 0 {
			// Inside compacted history one has to start again.
			c.got = nil
		}
		on = p.pick(random)
		c.err = on.Connect(context.Background(), key, last, runner.Each(take))
	}
	c.cut = on.store.isDead() || c.err != nil
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connections = append(p.connections, c)
}

// move makes one move of a client.
func (p *play) move(random *rand.Rand) {
	key := key(random.IntN(p.Threads))
	switch random.IntN(10) {
	case 0, 1, 2, 3:
		r := p.newRun(key, random.IntN(40))
		if random.IntN(3) == 0 {
			r.ending = ending(random.IntN(int(endings)))
		}
		if random.IntN(3) > 0 {
			r.pause = time.Duration(random.Int64N(int64(p.LeaseTTL / 40)))
		}
		if random.IntN(5) == 0 {
			r.clientEvents = 1 + random.IntN(20)
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
