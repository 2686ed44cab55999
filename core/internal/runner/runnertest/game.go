// Package runnertest plays a randomized game with runners on a store: clients
// that run, stop, connect, break off and resume, instances that are killed in
// the middle of their runs, a backend that goes away. What everybody saw is
// compared with what the store holds in the end: no event is lost or doubled,
// no run is inside another, every stream ends, and no thread stays locked.
package runnertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

// Game is what is played. With the defaults it takes some seconds on a store whose
// time is the wall clock's, and none in a bubble of testing/synctest.
type Game struct {
	// Seed decides the moves. How they interleave is up to the machine.
	Seed uint64
	// Open opens the backend as another instance does. Each store is closed
	// before the test ends.
	Open func(t testing.TB) store.Store
	// Instances are how many are alive at any time; a killed one is replaced. If zero,
	// defaults to 3.
	Instances int
	// Threads are how many there are to play on. If zero, defaults to 5.
	Threads int
	// Clients are how many play at the same time, Moves what each of them does. If
	// zero, they default to 12 and 16.
	Clients, Moves int
	// Kills is how many instances are killed during the game, or frozen for longer
	// than their leases hold. If zero, defaults to 6.
	Kills int
	// LeaseTTL is that of the leases. If zero, defaults to 1 second.
	LeaseTTL time.Duration
	// Runner is the runners' policy; its LeaseTTL and Logger are not used.
	Runner runner.Options
	// Disturb takes the backend away for a moment, Kills times. Nil for never.
	Disturb func()
}

// Play plays the game.
func (g Game) Play(t *testing.T) {
	t.Helper()
	p := &play{Game: g.withDefaults(), t: t, runs: make(map[string]*run)}
	for range p.Instances {
		p.instances = append(p.instances, p.start())
	}
	var clients, reaper sync.WaitGroup
	over, end := context.WithCancel(context.Background())
	for n := range p.Clients {
		random := rand.New(rand.NewPCG(g.Seed, uint64(n)+1))
		clients.Go(func() {
			for range p.Moves {
				p.move(random)
			}
		})
	}
	reaper.Go(func() { p.reap(over) })
	clients.Wait()
	end()
	reaper.Wait()
	for n := range p.Threads {
		p.settle(key(n))
	}
	p.verify()
	if !t.Failed() {
		p.summary()
	}
}

func (g Game) withDefaults() Game {
	for field, value := range map[*int]int{&g.Instances: 3, &g.Threads: 5, &g.Clients: 12, &g.Moves: 16, &g.Kills: 6} {
		if *field == 0 {
			*field = value
		}
	}
	if g.LeaseTTL == 0 {
		g.LeaseTTL = time.Second
	}
	return g
}

// play is one game that is being played.
type play struct {
	Game
	t *testing.T

	mu        sync.Mutex
	instances []*instance
	// runs are all that were begun, by id.
	runs map[string]*run
	// follows are all connections.
	follows []*follow
	clock   int64
}

// instance is one process of a deployment.
type instance struct {
	*runner.Runner
	store *mortal
}

func (p *play) start() *instance {
	s := &mortal{Store: p.Open(p.t), appended: p.appended}
	options := p.Runner
	options.LeaseTTL = p.LeaseTTL
	options.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	return &instance{store: s, Runner: runner.New(s, options)}
}

func (p *play) pick(random *rand.Rand) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.instances[random.IntN(len(p.instances))]
}

// tick orders what happens in the game.
func (p *play) tick() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clock++
	return p.clock
}

// reap kills and freezes instances, and disturbs the backend, until over ends.
func (p *play) reap(over context.Context) {
	random := rand.New(rand.NewPCG(p.Seed, 0))
	for range p.Kills {
		_ = pause.Sleep(over, time.Duration(random.Int64N(int64(p.LeaseTTL)/2)))
		if p.Disturb != nil {
			p.Disturb()
		}
		next := p.start()
		p.mu.Lock()
		place := random.IntN(len(p.instances))
		victim := p.instances[place]
		p.instances[place] = next
		p.mu.Unlock()
		if random.IntN(2) == 0 {
			victim.store.kill()
			continue
		}
		// It comes back when others have taken over its runs.
		thaw := victim.store.freeze()
		_ = pause.Sleep(context.Background(), p.LeaseTTL*5/4)
		thaw()
	}
}

// settle does a last run on a thread, which no dead holder may keep from
// happening.
func (p *play) settle(key store.Key) {
	last := p.start()
	patience := time.Now().Add(20*p.LeaseTTL + 20*time.Second)
	for {
		r := p.newRun(key, 3)
		err := p.do(last, r)
		if err == nil {
			return
		}
		// A slow machine may lose even this one's lease.
		passing := errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrLeaseLost)
		if !passing || time.Now().After(patience) {
			p.t.Errorf("thread %s can't be used any more: %v", key.ID, err)
			return
		}
		_ = pause.Sleep(context.Background(), p.LeaseTTL/4)
	}
}

func key(n int) store.Key {
	return store.Key{Owner: "player", ID: fmt.Sprint("thread-", n)}
}
