package storetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

// Game is a randomized game that [Play] plays on a store. With the defaults it
// takes some seconds where time is the wall clock's, and none in a bubble of
// testing/synctest.
type Game struct {
	// Seed chooses the moves. How they interleave is up to the machine.
	Seed uint64
	// Open opens the backend as another instance does. Whoever opens a store
	// closes it when the test ends. It is called from several goroutines.
	Open func(t testing.TB) store.Store
	// Instances is how many are alive at any time; a killed one is replaced. If
	// zero, defaults to 3.
	Instances int
	// Threads is how many the clients share. If zero, defaults to 5.
	Threads int
	// Clients is how many play at the same time. If zero, defaults to 12.
	Clients int
	// Moves is how many each client makes. If zero, defaults to 16.
	Moves int
	// Kills is how many instances are killed during the game, or frozen for
	// longer than their leases hold. If zero, defaults to 6.
	Kills int
	// LeaseTTL is how long leases hold without being renewed. If zero, defaults
	// to 1 s.
	LeaseTTL time.Duration
	// Impatient makes a run stop the one that is live on its thread, end when its
	// client leaves, and fail when the store does. Otherwise it is refused, goes
	// on, and goes on unrecorded.
	Impatient bool
	// Disturb, if not nil, is called Kills times. It takes the backend away for a
	// moment.
	Disturb func()
}

// Play lets clients run agents on the threads of a store, stop, connect, break
// off and resume, while instances are killed in the middle of their runs and the
// backend goes away. It compares what each client saw with what the store holds
// in the end: no event is lost or doubled, no run is inside another, every
// stream ends, and no thread stays locked.
func Play(t *testing.T, g Game) {
	t.Helper()
	p := &play{Game: g.withDefaults(), t: t, runs: make(map[string]*run)}
	for range p.Instances {
		p.instances = append(p.instances, p.start(p.LeaseTTL))
	}
	var clients, crashes sync.WaitGroup
	playing, end := context.WithCancel(context.Background())
	for n := range p.Clients {
		random := rand.New(rand.NewPCG(g.Seed, uint64(n)+1))
		clients.Go(func() {
			for range p.Moves {
				p.move(random)
			}
		})
	}
	crashes.Go(func() { p.crash(playing) })
	clients.Wait()
	end()
	crashes.Wait()
	for n := range p.Threads {
		p.settle(key(n))
	}
	p.verify()
	if !t.Failed() {
		p.logSummary()
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

// play is one game on its way.
type play struct {
	Game
	t *testing.T

	mu        sync.Mutex
	instances []*instance
	// runs are all that were asked for, by id.
	runs        map[string]*run
	connections []*connection
	clock       int64
}

// instance is one process of a deployment.
type instance struct {
	*runner.Runner
	store *crashable
}

func (p *play) start(ttl time.Duration) *instance {
	s := &crashable{Store: p.Open(p.t), appended: p.appended}
	options := runner.Options{LeaseTTL: ttl, Logger: slog.New(slog.DiscardHandler)}
	if p.Impatient {
		options.SupersedeRuns, options.CancelOnDisconnect, options.FailOnStoreFailure = true, true, true
	}
	return &instance{store: s, Runner: runner.New(s, options)}
}

func (p *play) pick(random *rand.Rand) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.instances[random.IntN(len(p.instances))]
}

// tick returns the next time of a clock that orders what happens in the game.
func (p *play) tick() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clock++
	return p.clock
}

// crash kills and freezes instances, and disturbs the backend. It makes haste
// when ctx ends.
func (p *play) crash(ctx context.Context) {
	random := rand.New(rand.NewPCG(p.Seed, 0))
	for range p.Kills {
		_ = pause.Sleep(ctx, time.Duration(random.Int64N(int64(p.LeaseTTL)/2)))
		if p.Disturb != nil {
			p.Disturb()
		}
		next := p.start(p.LeaseTTL)
		p.mu.Lock()
		place := random.IntN(len(p.instances))
		victim := p.instances[place]
		p.instances[place] = next
		p.mu.Unlock()
		if random.IntN(2) == 0 {
			victim.store.kill()
			continue
		}
		// It comes back when others have adopted its runs.
		thaw := victim.store.freeze()
		_ = pause.Sleep(context.WithoutCancel(ctx), p.LeaseTTL*5/4)
		thaw()
	}
}

// settle does a last run on a thread, which no dead holder may keep from
// happening.
func (p *play) settle(key store.Key) {
	// A call of it may take long: what is tried is the thread, not the machine.
	last := p.start(max(p.LeaseTTL, 15*time.Second))
	deadline := time.Now().Add(20*p.LeaseTTL + 20*time.Second)
	for {
		err := p.do(last, p.newRun(key, 3))
		if err == nil {
			return
		}
		// A slow machine may lose even this one's lease.
		passing := errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrLeaseLost)
		if !passing || time.Now().After(deadline) {
			p.t.Errorf("thread %s can't be used any more: %v", key.ID, err)
			return
		}
		_ = pause.Sleep(context.Background(), p.LeaseTTL/4)
	}
}

func key(n int) store.Key {
	return store.Key{Owner: "player", ID: fmt.Sprint("thread-", n)}
}
