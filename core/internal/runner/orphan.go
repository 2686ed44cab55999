package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/protocol"
	"github.com/copilotkit-go/runtime/core/store"
)

// closeOrphan closes a run whose instance is gone, with what it had recorded
// and RUN_ERROR. It is nil too when there is no orphan any more, and
// [store.ErrLocked] when somebody else closes it now.
func (r *Runner) closeOrphan(ctx context.Context, key store.Key) error {
	// Once begun this ends, also when the client that asked for it leaves.
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), r.renewal(), store.ErrUnavailable)
	defer cancel()
	lease, err := r.store.Adopt(ctx, key, r.options.LeaseTTL)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("adopt orphan: %w", unavailable(ctx, err))
	}
	logger := r.options.Logger.With("agent", lease.AgentID(), "thread", key.ID, "run", lease.RunID())
	result, err := r.orphanResult(ctx, key, lease, logger)
	if err == nil {
		err = r.finish(ctx, key, lease, r.renewal(), result)
	}
	if errors.Is(err, store.ErrLeaseLost) {
		// It took too long, and is somebody else's now.
		return fmt.Errorf("close orphan %s: %w", lease.RunID(), store.ErrLocked)
	}
	if err != nil {
		return fmt.Errorf("close orphan %s: %w", lease.RunID(), unavailable(ctx, err))
	}
	logger.WarnContext(ctx, "closed a run whose instance is gone")
	return nil
}

// orphanResult is what the orphan leaves behind, nil when it hadn't recorded
// anything.
func (r *Runner) orphanResult(ctx context.Context, key store.Key, lease store.Lease, logger *slog.Logger) (*store.Result, error) {
	records, err := r.unfinished(ctx, key)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	before, err := r.before(ctx, key)
	if err != nil {
		return nil, err
	}
	composer := composer{input: &agui.RunAgentInput{ThreadID: key.ID, RunID: lease.RunID()}, logger: logger}
	for _, record := range records {
		if started := startedInput(record.Event); started != nil {
			before.Messages = append(before.Messages, started.Messages...)
			if started.State != nil {
				before.State = started.State
			}
		}
		if err := composer.progress.Observe(record.Event); err != nil {
			logger.WarnContext(ctx, "orphan has an invalid event", "event", record.Event.EventType(), "error", err)
		}
	}
	next := lease.NextSeq()
	composer.emit = func(event agui.Encoded) {
		records = append(records, store.Record{Seq: next, Event: event})
		next++
	}
	if err := composer.end(protocol.Ending{Code: CodeOrphaned, Message: "The instance that ran this is gone"}); err != nil {
		return nil, err
	}
	return r.result(logger, records, before.Messages, before.State), nil
}

// unfinished reads the records of the thread's unfinished run, without the
// history before it.
func (r *Runner) unfinished(ctx context.Context, key store.Key) ([]store.Record, error) {
	page, err := r.store.Read(ctx, key, math.MaxInt64, false)
	if err == nil {
		page, err = r.store.Read(ctx, key, max(page.FirstSeq-1, 0), false)
	}
	if err != nil {
		return nil, fmt.Errorf("read orphan: %w", err)
	}
	_, records := split(page)
	return records, nil
}

// before is the thread as the last finished run left it.
func (r *Runner) before(ctx context.Context, key store.Key) (agui.RunAgentInput, error) {
	var before agui.RunAgentInput
	snapshot, err := r.store.Snapshot(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return before, nil
	}
	if err != nil {
		return before, fmt.Errorf("read snapshot: %w", err)
	}
	before.State = snapshot.State
	if err := json.Unmarshal(snapshot.Messages, &before.Messages); err != nil {
		return before, fmt.Errorf("read snapshot: %w", err)
	}
	return before, nil
}

// startedInput is the input that a RUN_STARTED shows, nil for any other event.
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
