package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/internal/protocol"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// CloseOrphan closes the thread's last run if its instance is gone, as Begin and Connect
// do. It does nothing in a thread whose last run has finished or is live.
func (r *Runner) CloseOrphan(ctx context.Context, key store.Key) error {
	err := r.closeOrphan(ctx, key)
	if errors.Is(err, store.ErrLocked) {
		return nil
	}
	return err
}

// closeOrphan closes a run whose instance is gone, with what it had recorded and
// RUN_ERROR. It is nil too when there is no orphan any more, and [store.ErrLocked]
// when somebody else closes it now.
func (r *Runner) closeOrphan(ctx context.Context, key store.Key) error {
	// Once begun this goes on when the client that asked for it leaves, until the
	// deadline. The calls of the store have a time limit each, not one for all.
	ctx, cancel := r.deadline(ctx).apply(context.WithoutCancel(ctx))
	defer cancel()
	lease, err := call(ctx, r, func(ctx context.Context) (store.Lease, error) {
		return r.store.Adopt(ctx, key, r.options.LeaseTTL)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("adopt orphan: %w", err)
	}
	logger := r.options.Logger.With("agent", lease.AgentID(), "thread", key.ID, "run", lease.RunID())
	release := r.hold(ctx, lease)
	result, err := r.orphanResult(ctx, key, lease, logger)
	release()
	if err == nil {
		err = r.finish(ctx, key, lease, r.interval(), result)
	}
	if errors.Is(err, store.ErrLeaseLost) {
		// It took too long, and is somebody else's now.
		return fmt.Errorf("close orphan %s: %w", lease.RunID(), store.ErrLocked)
	}
	if err != nil {
		return fmt.Errorf("close orphan %s: %w", lease.RunID(), err)
	}
	telemetry.Count(ctx, telemetry.ClosedOrphans, 1)
	logger.WarnContext(ctx, "closed a run whose instance is gone")
	return nil
}

// hold renews a lease at every interval until release is called.
func (r *Runner) hold(ctx context.Context, lease store.Lease) (release func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for pause.Sleep(ctx, r.interval()) == nil {
			// Whether the lease is lost shows when the run is finished.
			_, _ = call(ctx, r, func(ctx context.Context) (struct{}, error) { return struct{}{}, lease.Renew(ctx) })
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// orphanResult returns what the orphan leaves behind, nil when it hadn't recorded
// anything.
func (r *Runner) orphanResult(ctx context.Context, key store.Key, lease store.Lease, logger *slog.Logger) (*store.Result, error) {
	records, err := r.unfinished(ctx, key)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	given, err := r.before(ctx, key)
	if err != nil {
		return nil, err
	}
	for _, record := range records {
		if started := startedInput(record.Event); started != nil {
			given.Messages = append(given.Messages, started.Messages...)
			if started.State != nil {
				given.State = started.State
			}
		}
	}
	run := fold.NewRun(records[0].Seq, given.Messages, given.State)
	add := func(event agui.Encoded) {
		if err := run.Add(event); err != nil {
			logger.WarnContext(ctx, "event doesn't fit the thread", "event", event.EventType(), "error", err)
		}
	}
	composer := composer{input: &agui.RunAgentInput{ThreadID: key.ID, RunID: lease.RunID()}, emit: add, logger: logger, ctx: ctx}
	for _, record := range records {
		if err := composer.progress.Observe(record.Event); err != nil {
			logger.WarnContext(ctx, "orphan has an invalid event", "event", record.Event.EventType(), "error", err)
		}
		add(record.Event)
	}
	if err := composer.end(protocol.Ending{Code: CodeOrphaned, Message: "The instance that ran this is gone"}); err != nil {
		return nil, err
	}
	result, err := run.Result()
	if err != nil {
		logger.ErrorContext(ctx, "the thread's messages or state can't be encoded", "error", err)
	}
	return result, nil
}

// unfinished reads the records of the thread's unfinished run, without the history
// before it.
func (r *Runner) unfinished(ctx context.Context, key store.Key) ([]store.Record, error) {
	page, err := r.read(ctx, key, math.MaxInt64)
	if err == nil {
		page, err = r.read(ctx, key, max(page.FirstSeq-1, 0))
	}
	if err != nil {
		return nil, fmt.Errorf("read orphan: %w", err)
	}
	_, records := split(page)
	return records, nil
}

// before returns the thread as the last finished run left it.
func (r *Runner) before(ctx context.Context, key store.Key) (agui.RunAgentInput, error) {
	var before agui.RunAgentInput
	snapshot, err := call(ctx, r, func(ctx context.Context) (store.Snapshot, error) { return r.store.Snapshot(ctx, key) })
	if errors.Is(err, store.ErrNotFound) {
		return before, nil
	}
	if err != nil {
		return before, fmt.Errorf("read snapshot: %w", err)
	}
	if len(snapshot.State) > 0 {
		before.State = snapshot.State
	}
	if err := json.Unmarshal(snapshot.Messages, &before.Messages); err != nil {
		return before, fmt.Errorf("read snapshot: %w", err)
	}
	return before, nil
}

// startedInput returns the input that a RUN_STARTED shows, nil for any other event.
func startedInput(event agui.Encoded) *agui.RunAgentInput {
	if event.EventType() != agui.EventTypeRunStarted {
		return nil
	}
	decoded, err := event.Decode()
	if err != nil {
		return nil
	}
	started, _ := decoded.(agui.RunStartedEvent)
	return started.Input
}
