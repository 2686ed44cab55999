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

// connect shows a thread: its history, compacted, and then the live run, if
// there is one, until that ends. A thread that the store has never seen is
// empty, unless the agent is an [agent.Connector], which then is asked. Where
// threads have owners it isn't: it knows threads by their ids alone.
//
// A client that wants to be able to go on where it left asks for it by sending
// the last event id it has: as lastSeenEventId in the body or the query, or as
// the header Last-Event-ID, which wins, because that is what an EventSource
// sends when it connects again. "0" or "" means that it has none yet. Its stream
// then carries id lines, and holds only what follows the event it has. An id is
// the event's number in its thread, in decimal; what isn't one is taken for
// none. Streams of other clients carry no id lines.
func (x *exchange) connect() error {
	owner, err := x.owner()
	if err != nil {
		return err
	}
	answerer, input, err := x.connectInput()
	if err != nil {
		return err
	}
	key := store.Key{Owner: owner, ID: input.ThreadID}
	ctx := x.agentContext()
	unknown, err := x.unknown(key)
	if err != nil {
		return storeError(runFailed, err)
	}
	stream, err := x.stream()
	if err != nil {
		return err
	}
	defer stream.close()
	f := &follower{
		exchange: x,
		stream:   stream,
		from:     debugSource{owner: owner, agentID: x.route.AgentID, threadID: input.ThreadID},
	}
	connector, ok := agent.As[agent.Connector](answerer)
	switch {
	case unknown && ok && x.runtime.Owner == nil:
		err = x.runner.Replay(ctx, runner.Request{
			Key: key, AgentID: x.route.AgentID, Agent: agent.Func(connector.Connect), Input: input,
		}, f.event)
	case unknown:
	default:
		var after int64
		after, f.ids = x.lastSeen(input)
		err = x.runner.Connect(ctx, key, after, f.record)
	}
	if err != nil && ctx.Err() == nil {
		x.logger.WarnContext(ctx, "a connect ended badly", "agent", x.route.AgentID,
			"thread", input.ThreadID, "error", err)
	}
	return nil
}

// unknown tells whether the store has never seen the thread.
func (x *exchange) unknown(key store.Key) (bool, error) {
	ctx, cancel := x.storeContext()
	defer cancel()
	_, err := x.store.Thread(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	return false, err
}

// connectInput reads which thread is to be shown. GET, which the reference does
// not answer, names it in the query, so that an EventSource can follow it.
func (x *exchange) connectInput() (agent.Agent, *agui.RunAgentInput, error) {
	if x.r.Method != http.MethodGet {
		return x.agentAndInput()
	}
	answerer, err := x.agent()
	if err != nil {
		return nil, nil, namedFailure(runFailed, err)
	}
	query := x.r.URL.Query()
	if query.Get("threadId") == "" {
		return nil, nil, &HTTPError{Status: http.StatusBadRequest, Body: errorBody{
			Error: "Invalid request", Details: "threadId: required in the query",
		}}
	}
	return answerer, &agui.RunAgentInput{ThreadID: query.Get("threadId"), RunID: query.Get("runId")}, nil
}

// lastSeen is the event that the client saw last, 0 for none, and whether it
// wants ids at all.
func (x *exchange) lastSeen(input *agui.RunAgentInput) (after int64, asked bool) {
	var id string
	if values := x.r.Header.Values("Last-Event-ID"); len(values) > 0 {
		id, asked = values[0], true
	} else if query := x.r.URL.Query(); query.Has("lastSeenEventId") {
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

// follower passes events on to the client of a connect.
type follower struct {
	*exchange
	stream *eventStream
	from   debugSource
	// ids adds an id line to each event that the client can resume from. Within
	// compacted history it can't: that has one id, at its end.
	ids bool
}

func (f *follower) record(record store.Record) error {
	if !f.ids || record.Seq == 0 {
		return f.event(record.Event)
	}
	f.note(record.Event)
	return f.stream.sendWithID(record.Seq, record.Event)
}

func (f *follower) event(event agui.Encoded) error {
	f.note(event)
	return f.stream.send(event)
}

// note tells the other observers of the event.
func (f *follower) note(event agui.Encoded) {
	f.replay.observe(event)
	if !f.runtime.Development || f.debug.count.Load() == 0 {
		return
	}
	if event.EventType() == agui.EventTypeRunStarted {
		var started struct {
			RunID string `json:"runId"`
		}
		if json.Unmarshal(event.JSON(), &started) == nil {
			f.from.runID = started.RunID
		}
	}
	f.debug.publish(f.from, event)
}
