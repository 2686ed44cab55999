package core

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

// serveConnect shows a thread: its history, compacted, and then the live run, if
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
func (rt *Runtime) serveConnect(ex *exchange) error {
	answerer, input, err := rt.connectInput(ex)
	if err != nil {
		return err
	}
	key := ex.key(input.ThreadID)
	ctx, cancel := rt.untilClosed(ex.agentContext(rt.headers))
	defer cancel()
	unknown, err := rt.unknown(ex, key)
	if err != nil {
		return storeError(runFailed, err)
	}
	stream, err := ex.stream()
	if err != nil {
		return err
	}
	defer stream.close()
	out := &relay{
		rt:     rt,
		replay: ex.replay,
		stream: stream,
		feeds:  rt.feedsDebug(ex),
		from:   debugSource{owner: ex.user.ID, agentID: ex.route.AgentID, threadID: input.ThreadID},
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
	if err != nil && ctx.Err() == nil {
		rt.config.Logger.WarnContext(ctx, "a connect ended badly", "agent", ex.route.AgentID,
			"thread", input.ThreadID, "error", err)
	}
	return nil
}

// unknown reports whether the store has never seen the thread.
func (rt *Runtime) unknown(ex *exchange, key store.Key) (bool, error) {
	ctx, cancel := ex.storeContext()
	defer cancel()
	_, err := rt.store.Thread(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	return false, err
}

// connectInput reads which thread is to be shown. GET, which the reference does
// not answer, has it in the query, so that an EventSource can follow it.
func (rt *Runtime) connectInput(ex *exchange) (agent.Agent, *agui.RunAgentInput, error) {
	if ex.r.Method != http.MethodGet {
		return rt.agentAndInput(ex)
	}
	answerer, err := rt.agent(ex)
	if err != nil {
		return nil, nil, namedFailure(runFailed, err)
	}
	query := ex.r.URL.Query()
	if query.Get("threadId") == "" {
		return nil, nil, &HTTPError{Status: http.StatusBadRequest, Body: errorBody{
			Error: "Invalid request", Details: "threadId: required in the query",
		}}
	}
	if err := checkID("threadId", query.Get("threadId")); err != nil {
		return nil, nil, err
	}
	return answerer, &agui.RunAgentInput{ThreadID: query.Get("threadId"), RunID: query.Get("runId")}, nil
}

// lastSeen returns the event that the client saw last, 0 for none, and reports
// whether it wants ids at all.
func (ex *exchange) lastSeen(input *agui.RunAgentInput) (after int64, asked bool) {
	var id string
	if values := ex.r.Header.Values("Last-Event-ID"); len(values) > 0 {
		id, asked = values[0], true
	} else if query := ex.r.URL.Query(); query.Has("lastSeenEventId") {
		id, asked = query.Get("lastSeenEventId"), true
	} else if raw, ok := input.Extra["lastSeenEventId"]; ok {
		asked = !isNull(raw) && json.Unmarshal(raw, &id) == nil
	}
	after, err := strconv.ParseInt(id, 10, 64)
	if err != nil || after < 0 {
		after = 0
	}
	return after, asked
}

// relay passes events on to the client of a connect.
type relay struct {
	rt     *Runtime
	replay *replay
	stream *eventStream
	// feeds says that there are debug events for the user.
	feeds bool
	from  debugSource
	// ids adds an id line to each event that the client can resume from. Within
	// compacted history it can't: that has one id, at its end.
	ids bool
}

func (r *relay) records(records []store.Record) error {
	for i := range records {
		r.note(records[i].Event)
		if !r.ids {
			records[i].Seq = 0
		}
	}
	return r.stream.sendRecords(records)
}

func (r *relay) events(events []agui.Encoded) error {
	for _, event := range events {
		r.note(event)
	}
	return r.stream.send(events)
}

// note shows the event to those who watch beside the client.
func (r *relay) note(event agui.Encoded) {
	r.replay.observe(event)
	if !r.feeds || r.rt.debug.count.Load() == 0 {
		return
	}
	if event.EventType() == agui.EventTypeRunStarted {
		var started struct {
			RunID string `json:"runId"`
		}
		if json.Unmarshal(event.JSON(), &started) == nil {
			r.from.runID = started.RunID
		}
	}
	r.rt.debug.publish(r.from, event)
}
