package core

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// serveConnect shows a thread.
func (rt *Runtime) serveConnect(ex *exchange) error {
	answerer, input, err := rt.connectInput(ex)
	if err != nil {
		return err
	}
	return rt.keeper.connect(ex, answerer, input)
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
	rt *Runtime
	ex *exchange
	// stream is nil before the answer has begun.
	stream *eventStream
	// feeds says that there are debug events for the user.
	feeds bool
	from  debugSource
	// ids adds an id line to each event that the client can resume from. Within
	// compacted history it can't: that has one id, at its end.
	ids bool
}

// open begins the answer.
func (r *relay) open() (err error) {
	r.stream, err = r.ex.stream()
	return err
}

func (r *relay) close() {
	if r.stream != nil {
		r.stream.close()
	}
}

func (r *relay) records(records []store.Record) error {
	if r.stream == nil {
		if err := r.open(); err != nil {
			return err
		}
	}
	if len(records) == 0 {
		return nil
	}
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
	r.ex.replay.observe(event)
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
