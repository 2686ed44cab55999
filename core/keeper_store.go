package core

import (
	"context"
	"errors"
	"net/http"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

// storeKeeper keeps threads in the runtime's store: the answer to a run are its events.
type storeKeeper struct{ *Runtime }

// prepare changes nothing. A thread is to be named that has neither runs nor a name, by
// now: the run gives it one.
func (k storeKeeper) prepare(ex *exchange, request *runner.Request) (unnamed func() bool, err error) {
	if !k.config.NameThreads {
		return nil, nil
	}
	ctx, cancel := ex.storeContext()
	defer cancel()
	thread, err := k.store.Thread(ctx, request.Key)
	is := errors.Is(err, store.ErrNotFound) || (err == nil && thread.Name == "" && thread.LastRunAt.IsZero())
	return func() bool { return is }, nil
}

func (k storeKeeper) answer(ex *exchange, begun *begunRun, input *agui.RunAgentInput) error {
	stream, err := ex.runStream()
	if err != nil {
		return err
	}
	begun.later(stream.close)
	begun.send = stream.send
	if _, ids := ex.lastSeen(input); ids {
		begun.send = stream.numbered(begun.run.FirstSeq())
	}
	return nil
}

// connect shows a thread: its history, compacted, and then the live run, if
// there is one, until that ends. A thread that the store has never seen is
// empty, unless the agent is an [agent.Connector], which then is asked. It isn't if
// threads have owners, since it only knows threads by their ids.
//
// A client that wants to be able to go on where it left asks for it by sending
// the last event id it has: as lastSeenEventId in the body or the query, or as
// the header Last-Event-ID, which wins, because that is what an EventSource
// sends when it connects again. "0" or "" means that it has none yet. Its stream
// then carries id lines, and holds only what follows the event it has. An id is
// the event's number in its thread, in decimal; what isn't one is taken for
// none. Streams of other clients carry no id lines.
func (k storeKeeper) connect(ex *exchange, answerer agent.Agent, input *agui.RunAgentInput) error {
	rt, key := k.Runtime, ex.key(input.ThreadID)
	ctx, cancel := rt.untilClosed(ex.agentContext(rt.headers))
	defer cancel()
	unknown, err := k.unknown(ex, key)
	if err != nil {
		return storeError(runFailed, err)
	}
	out := &relay{
		rt:    rt,
		ex:    ex,
		feeds: rt.feedsDebug(ex),
		from:  debugSource{owner: ex.user.ID, agentID: ex.route.AgentID, threadID: input.ThreadID},
	}
	defer out.close()
	if unknown {
		if err := out.open(); err != nil {
			return err
		}
	}
	connector, ok := agent.As[agent.Connector](answerer)
	switch {
	case unknown && ok && rt.config.Identify == nil:
		err = rt.runner.Replay(ctx, runner.Request{
			Key: key, AgentID: ex.route.AgentID, Agent: agent.Func(connector.Connect), Input: input,
		}, out.events)
	case unknown:
	default:
		var after int64
		after, out.ids = ex.lastSeen(input)
		err = rt.runner.Connect(ctx, key, after, out.records)
	}
	if err != nil && out.stream == nil { // of a thread that can't be read nothing has been said
		if rt.closing.Err() != nil {
			return errClosed
		}
		return storeError(runFailed, err)
	}
	if err != nil && ctx.Err() == nil {
		rt.config.Logger.WarnContext(ctx, "a connect ended badly", "agent", ex.route.AgentID,
			"thread", input.ThreadID, "error", err)
	}
	return nil
}

// unknown reports whether the store has never seen the thread.
func (k storeKeeper) unknown(ex *exchange, key store.Key) (bool, error) {
	ctx, cancel := ex.storeContext()
	defer cancel()
	_, err := k.store.Thread(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	return false, err
}

func (k storeKeeper) stop(ex *exchange, key store.Key, runID string) (bool, error) {
	stopped, err := k.runner.Stop(ex.r.Context(), key, runID)
	if err != nil {
		return false, storeError(stopFailed, err)
	}
	return stopped, nil
}

func (k storeKeeper) list(ex *exchange, query store.Query) (any, error) {
	if query.Limit == 0 {
		query.Limit = maxThreadPage
	}
	ctx, cancel := ex.storeContext()
	defer cancel()
	page, err := k.store.Threads(ctx, query)
	if errors.Is(err, store.ErrBadCursor) {
		return nil, answerError(http.StatusBadRequest, "Valid cursor query param is required")
	}
	if err != nil {
		return nil, storeError("Failed to list threads", err)
	}
	answer := threadPage{Threads: make([]threadJSON, len(page.Threads))}
	for i, thread := range page.Threads {
		answer.Threads[i] = newThreadJSON(thread)
	}
	if page.NextCursor != "" {
		answer.NextCursor = &page.NextCursor
	}
	return answer, nil
}

func (k storeKeeper) create(ex *exchange, key store.Key, agentID, name string) (any, error) {
	ctx, cancel := ex.storeContext()
	defer cancel()
	thread, err := k.store.CreateThread(ctx, key, agentID, name)
	if errors.Is(err, store.ErrExists) {
		return nil, answerError(http.StatusConflict, "Thread already exists")
	}
	if err != nil {
		return nil, storeError("Failed to create thread", err)
	}
	return newThreadJSON(thread), nil
}

func (k storeKeeper) update(ex *exchange, key store.Key, what string, change threadBody) (any, error) {
	ctx, cancel := ex.storeContext()
	defer cancel()
	thread, err := k.store.UpdateThread(ctx, key, store.Patch{Name: change.Name, Archived: change.Archived})
	if err != nil {
		return nil, storeError(what, err)
	}
	return newThreadJSON(thread), nil
}

func (k storeKeeper) rename(ctx context.Context, key store.Key, _, name string) error {
	_, err := k.store.UpdateThread(ctx, key, store.Patch{Name: &name})
	return err
}

func (k storeKeeper) remove(ex *exchange, key store.Key, _ string) error {
	ctx, cancel := ex.storeContext()
	defer cancel()
	if err := k.store.DeleteThread(ctx, key); err != nil {
		return storeError("Failed to delete thread", err)
	}
	return nil
}

func (k storeKeeper) clear(ex *exchange) error {
	ctx, cancel := ex.storeContext()
	defer cancel()
	if err := k.store.Clear(ctx, ex.user.ID); err != nil {
		return storeError("Failed to clear threads", err)
	}
	return nil
}

// subscribe answers as a reference runtime that isn't connected to the platform.
func (k storeKeeper) subscribe(*exchange) (any, error) {
	return nil, needsIntelligence("Thread operations require")
}
