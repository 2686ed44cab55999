package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/store"
)

// result is what a run leaves behind: its joined events, and the thread's
// messages and state after them. It began with messages and state.
func (r *Runner) result(logger *slog.Logger, records []store.Record, messages []agui.Message, state json.RawMessage) *store.Result {
	joined := join(logger, records)
	transcript := fold.NewTranscript(messages, state)
	for _, record := range joined {
		if err := transcript.Apply(record.Event); err != nil {
			logger.Warn("event doesn't fit the thread", "event", record.Event.EventType(), "error", err)
		}
	}
	after := transcript.Messages()
	result := &store.Result{
		Records:  joined,
		Snapshot: store.Snapshot{Messages: json.RawMessage("[]"), State: transcript.State()},
	}
	known := make(map[string]bool)
	for _, list := range [][]agui.Message{messages, after} {
		for _, message := range list {
			if !known[message.ID] {
				known[message.ID] = true
				result.MessageIDs = append(result.MessageIDs, message.ID)
			}
		}
	}
	if len(after) > 0 {
		encoded, err := json.Marshal(after)
		if err != nil {
			logger.Error("can't encode the thread's messages", "error", err)
		} else {
			result.Snapshot.Messages = encoded
		}
	}
	return result
}

// join makes one record of consecutive deltas.
func join(logger *slog.Logger, records []store.Record) []store.Record {
	events := make([]agui.Encoded, len(records))
	for i, record := range records {
		events[i] = record.Event
	}
	parts, err := fold.JoinDeltas(events)
	if err != nil {
		logger.Error("can't join the run's events", "error", err)
		return records
	}
	joined := make([]store.Record, len(parts))
	last := -1
	for i, part := range parts {
		last += len(part.Cuts) + 1
		joined[i] = store.Record{Seq: records[last].Seq, Event: part.Event, Cuts: part.Cuts}
	}
	return joined
}

// finish ends the run in the store, and tries again while it is unavailable,
// for so long at the most.
func (r *Runner) finish(ctx context.Context, key store.Key, lease store.Lease, limit time.Duration, result *store.Result) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, store.ErrUnavailable)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		err := unavailable(ctx, lease.Finish(ctx, result))
		if errors.Is(err, store.ErrLeaseLost) && r.finished(ctx, key, result) {
			return nil
		}
		if !errors.Is(err, store.ErrUnavailable) {
			return err
		}
		retry := time.NewTimer(pause)
		select {
		case <-retry.C:
		case <-ctx.Done():
			retry.Stop()
			return err
		}
	}
}

// finished tells whether the store has the result already, from a Finish that
// seemed to fail.
func (r *Runner) finished(ctx context.Context, key store.Key, result *store.Result) bool {
	if result == nil || len(result.Records) == 0 {
		return false
	}
	last := result.Records[len(result.Records)-1]
	page, err := r.store.Read(ctx, key, last.Seq-1, false)
	return err == nil && len(page.Records) > 0 &&
		(page.FirstSeq == 0 || page.FirstSeq > last.Seq) &&
		page.Records[0].Seq == last.Seq &&
		bytes.Equal(page.Records[0].Event.JSON(), last.Event.JSON())
}
