package managed

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/intelligence/managed/internal/phoenix"
	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
)

const (
	// startLimit is how long all that comes before a run may take.
	startLimit = time.Minute
	// releaseLimit is how long it may take to give a lock back, lastRelease how long when
	// the time of who has it is over: there may be as little left of the instance.
	releaseLimit = 5 * time.Second
	lastRelease  = time.Second
	// lockPatience is how long the answer to the call for a lock is waited for when nobody
	// wants the run any more.
	lockPatience = 3 * time.Second
)

var (
	errSlowStart   = errors.New("the run didn't begin in time")
	errCredentials = errors.New("the platform has left out the run's ids or its join token")
)

// Begin implements [intelligence.Platform].
func (p *Platform) Begin(ctx context.Context, request intelligence.BeginRequest) (intelligence.Run, error) {
	limit, patience := startLimit, lockPatience
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		spare := min(2*lastRelease, left/3) // to give the lock back, and to be told
		limit, patience = min(limit, left-spare), min(patience, spare/2)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errSlowStart)
	defer cancel()
	user, threadID := request.Key.Owner, request.Key.ID
	thread, created, err := p.getOrCreateThread(ctx, user, request.AgentID, threadID, request.Container)
	if err != nil {
		return nil, at(ctx, intelligence.StepThread, err)
	}
	if created && request.Created != nil {
		request.Created(thread)
	}
	asked := time.Now()
	// A call that is cut off may be done after the lock was given back.
	locking, locked := pause.Outlast(ctx, patience)
	held, err := p.lockThread(locking, user, request.AgentID, threadID, request.RunID, request.Container)
	locked()
	if err != nil {
		if failure, ok := errors.AsType[*intelligence.Error](err); (!ok || failure.Status == 0) && !p.live.has(threadID, request.RunID) {
			// The platform may have done it.
			p.release(ctx, p.logger, threadID, request.RunID)
		}
		return nil, at(ctx, intelligence.StepLock, err)
	}
	if held.threadID == "" || held.runID == "" || held.joinToken == "" {
		if held.runID == "" {
			held.runID = request.RunID
		}
		p.release(ctx, p.logger, threadID, held.runID)
		return nil, at(ctx, intelligence.StepCredentials, errCredentials)
	}
	r := p.newRun(held, request)
	r.unnamed = created && strings.TrimSpace(thread.Name) == ""
	r.group.Go(func() { r.renew(r.working, asked) })
	if err := r.start(ctx, request); err != nil {
		r.close()
		p.release(ctx, r.logger, held.threadID, held.runID)
		return nil, err
	}
	return r, nil
}

// at returns why a run hasn't begun.
func at(ctx context.Context, step intelligence.Step, err error) error {
	if cause := context.Cause(ctx); cause == errSlowStart {
		err = cause
	}
	failure, ok := err.(*intelligence.Error)
	if !ok {
		wrapped := &intelligence.Error{Step: step, Err: err}
		if failure, ok = errors.AsType[*intelligence.Error](err); ok {
			wrapped.Status = failure.Status
		}
		if dial, ok := errors.AsType[*phoenix.DialError](err); ok && dial.Status >= 400 {
			wrapped.Status = dial.Status
		}
		return wrapped
	}
	copied := *failure
	copied.Step = step
	return &copied
}

// release gives a lock back, also when ctx has ended. A failure is logged: the lock then
// expires.
func (p *Platform) release(ctx context.Context, logger *slog.Logger, threadID, runID string) {
	limit := releaseLimit
	if ctx.Err() != nil {
		limit = lastRelease
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	err := p.releaseLock(ctx, threadID, runID)
	if err != nil && !lockGone(err) {
		logger.WarnContext(ctx, "thread stays locked until its lock expires", "thread", threadID, "run", runID, "error", err)
	}
}

// run is a run whose events go through the gateway. It implements [intelligence.Run].
type run struct {
	platform *Platform
	held     lock
	agentID  string
	seen     map[string]bool
	unnamed  bool
	logger   *slog.Logger

	channel *phoenix.Channel
	queue   *queue
	// working ends with the run's goroutines, which are in group.
	working context.Context
	quit    context.CancelFunc
	group   sync.WaitGroup
	// ended ends when the run is to stop, or is lost.
	ended context.Context
	end   context.CancelCauseFunc

	mu      sync.Mutex
	sealer  sealer
	attempt attempt
	// terminal says that the run's last event was appended, good that it was RUN_FINISHED.
	terminal, good bool
	// lost is why the run's events can't be delivered any more, nil while they can.
	lost error
	// finished says that the run has been given back.
	finished bool
}

func (p *Platform) newRun(held lock, request intelligence.BeginRequest) *run {
	r := &run{
		platform: p, held: held, agentID: request.AgentID, queue: newQueue(),
		sealer: newSealer(held.threadID, held.runID),
		logger: p.logger.With("agent", request.AgentID, "thread", held.threadID, "run", held.runID),
		seen:   make(map[string]bool),
	}
	r.working, r.quit = context.WithCancel(context.Background())
	r.ended, r.end = context.WithCancelCause(context.Background())
	return r
}

// start reads what the thread has, and joins the gateway.
func (r *run) start(ctx context.Context, request intelligence.BeginRequest) error {
	if ctx.Err() != nil { // while the lock was given
		return at(ctx, intelligence.StepLock, context.Cause(ctx))
	}
	if request.MessageIDs != nil {
		ids, err := r.platform.messageIDs(ctx, request.Key.Owner, r.held.threadID)
		if err != nil {
			return at(ctx, intelligence.StepHistory, err)
		}
		for _, id := range request.MessageIDs {
			if ids[id] {
				r.seen[id] = true
			}
		}
	}
	r.channel = r.open()
	r.platform.live.add(r)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(r.ended, func() {
		if context.Cause(r.ended) != errStopped {
			cancel(store.ErrLeaseLost)
		}
	})()
	if err := r.joined(ctx); err != nil {
		return at(ctx, intelligence.StepJoin, err)
	}
	r.group.Go(func() { r.send(r.working) })
	return nil
}

// close ends what the run has going on, and leaves the gateway.
func (r *run) close() {
	r.quit()
	if r.channel != nil {
		r.platform.live.remove(r) // while it leaves, the thread may have a run of another instance
		r.channel.Close()
	}
	r.group.Wait()
	r.end(store.ErrLeaseLost)
}
