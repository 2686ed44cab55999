package managed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence/managed/internal/phoenix"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
	"github.com/copilotkit-go/runtime/core/internal/pause"
)

const (
	// gather is how long events that come in quick succession wait for those that follow.
	// While a batch is on its way they gather by themselves.
	gather = 3 * time.Millisecond
	// maxBatch is how many events a batch has at most, and maxBatchBytes about how many
	// bytes: it should arrive well before its answer is overdue.
	maxBatch      = 32
	maxBatchBytes = 512 << 10
	// maxEvent is how large an event may be: a frame has something around it.
	maxEvent = phoenix.MaxFrame - 4<<10
	// durability is how long the gateway may take to store an event.
	durability = time.Minute
	// retryFirst and retryMax bound the pauses before a batch is sent again.
	retryFirst = 100 * time.Millisecond
	retryMax   = 2 * time.Second
)

// batchCapability is what a gateway says that takes several events at once.
const batchCapability = "runner_event_batch_v1"

var errOverdue = fmt.Errorf("the gateway hasn't stored an event within %v", durability)

// send passes on what is queued until ctx ends, the queue is closed and empty, or the
// gateway doesn't take it any more.
func (r *run) send(ctx context.Context) {
	for {
		end, err := r.awaitEvents(ctx)
		if err == nil && !end {
			err = r.sendNext(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			r.lose(err)
			return
		case end:
			return
		}
	}
}

// awaitEvents waits until there are events, and reports whether no more come.
func (r *run) awaitEvents(ctx context.Context) (end bool, err error) {
	for {
		events, _, end := r.queue.take(1)
		if end || len(events) > 0 {
			return end, nil
		}
		select {
		case <-r.queue.more:
		case <-r.channel.Done():
			return false, r.channel.Err()
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// sendNext sends the events at the beginning of the queue until the gateway has stored
// them. What it may have got already is sent again as it was.
func (r *run) sendNext(ctx context.Context) error {
	oldest, _, _ := r.queue.take(1)
	ctx, cancel := context.WithDeadlineCause(ctx, oldest[0].at.Add(durability), errOverdue)
	defer cancel()
	var (
		last     *phoenix.Session
		batch    []queued
		batches  bool
		failures int
	)
	for {
		session, err := r.channel.Joined(ctx)
		if err != nil {
			return err
		}
		if session != last {
			last, failures = session, 0
			if can := takesBatches(session); batch == nil || can != batches {
				batches, batch = can, r.gather(ctx, can)
			}
		}
		reply, err := push(ctx, session, batch, batches)
		switch {
		case err == nil && reply.OK:
			r.queue.taken(len(batch))
			return nil
		case err == nil && refused(reply.Response) == refusedForGood:
			return fmt.Errorf("the gateway has refused an event: %.512s", reply.Response)
		case errors.Is(err, phoenix.ErrLeft):
			continue
		case err == nil:
			r.logger.WarnContext(ctx, "the gateway hasn't stored events, and is asked again", "answer", fmt.Sprintf("%.512s", reply.Response))
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if err := pause.Sleep(ctx, min(retryFirst<<min(failures, 10), retryMax)); err != nil {
			return err
		}
		failures++
	}
}

// gather returns the events that are sent together.
func (r *run) gather(ctx context.Context, batches bool) []queued {
	most := 1
	if batches {
		most = maxBatch
	}
	for {
		events, wait, _ := r.queue.take(most)
		if wait > 0 && pause.Wait(ctx, wait, r.queue.more) == nil {
			continue
		}
		size := 0
		for i := range events {
			if size += len(events[i].event); size > maxBatchBytes && i > 0 {
				return events[:i]
			}
		}
		return events
	}
}

// push sends a batch, or the one event that it has.
func push(ctx context.Context, session *phoenix.Session, batch []queued, batches bool) (phoenix.Reply, error) {
	if !batches {
		return session.Push(ctx, "event", func(frame []byte) []byte { return append(frame, batch[0].event...) })
	}
	return session.Push(ctx, "events", func(frame []byte) []byte {
		frame = append(frame, `{"events":[`...)
		for i := range batch {
			if i > 0 {
				frame = append(frame, ',')
			}
			frame = append(frame, batch[i].event...)
		}
		return append(frame, "]}"...)
	})
}

// takesBatches reports whether the gateway takes several events at once.
func takesBatches(session *phoenix.Session) bool {
	if jsonscan.Kind(session.Response) != "object" {
		return false
	}
	capabilities, ok := jsonscan.Lookup(session.Response, "capabilities")
	if !ok || jsonscan.Kind(capabilities) != "array" {
		return false
	}
	for each := jsonscan.ElementsOf(capabilities); each.Next(); {
		if jsonscan.Kind(each.Value) == "string" && string(jsonscan.Text(each.Value)) == batchCapability {
			return true
		}
	}
	return false
}
