package fold

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// Run folds the events of one run into what it leaves behind. It is for one
// goroutine.
//
// The history says what the events said, in fewer records: deltas that follow one
// another are joined, and one STATE_SNAPSHOT stands in place of the last event
// that was about the state, for all of them. So whoever has seen a part of the run
// can be sent what is after it, and ends with the right state.
type Run struct {
	given  []agui.Message
	thread *Thread
	// seq is the Seq of the last event.
	seq     int64
	records []store.Record
	joined  joined
	// stateEvents are the events about the state. The last of them has the Seq
	// stateSeq, and belongs at stateIndex of the records.
	stateEvents stateEvents
	stateSeq    int64
	stateIndex  int
}

// NewRun returns a run whose first event will have the Seq first. It begins with
// the messages and the state that it was given, which aren't changed. Those that its
// RUN_STARTED shows must be among the messages.
func NewRun(first int64, messages []agui.Message, state json.RawMessage) *Run {
	return &Run{given: messages, thread: NewThread(messages, state), seq: first - 1}
}

// Add folds the run's next event. An event that doesn't fit the thread is part of
// the history all the same; the error says why it doesn't.
func (r *Run) Add(event agui.Encoded) error {
	r.seq++
	id, delta, plain := event.PlainDelta()
	if plain && r.joined.add(event, id, delta) {
		return nil
	}
	r.flush(r.seq - 1)
	if plain {
		r.joined.add(event, id, delta)
		return nil
	}
	switch event.EventType() {
	case agui.EventTypeStateSnapshot, agui.EventTypeStateDelta:
		r.stateEvents.add(event)
		r.stateSeq, r.stateIndex = r.seq, len(r.records)
	case agui.EventTypeRunStarted:
		// Its messages, which may be large, are there already.
		r.records = append(r.records, store.Record{Seq: r.seq, Event: event})
		return nil
	default:
		r.records = append(r.records, store.Record{Seq: r.seq, Event: event})
	}
	return r.thread.Add(event)
}

// flush ends the gathering of deltas, of which the last has seq.
func (r *Run) flush(seq int64) {
	if j := &r.joined; j.count > 0 {
		r.records = append(r.records, j.record(seq))
		r.thread.addDelta(j.first.EventType(), j.id, j.delta)
		j.count = 0
	}
}

// Result returns what the run leaves behind. Its snapshot has a state only when the
// run's events have said something of it. An error says what couldn't be encoded; the
// result is without that, and otherwise whole. Nothing may be added afterwards.
func (r *Run) Result() (*store.Result, error) {
	r.flush(r.seq)
	after := r.thread.Messages()
	messages, err := encodeMessages(after)
	if err != nil {
		messages, err = json.RawMessage("[]"), fmt.Errorf("encode the messages: %w", err)
	}
	result := &store.Result{
		Records:    r.records,
		MessageIDs: messageIDs(r.given, after),
		Snapshot:   store.Snapshot{Messages: messages},
	}
	if r.stateEvents.count > 0 {
		result.Snapshot.State = orEmpty(r.thread.State())
		record, stateErr := r.stateRecord()
		if stateErr != nil {
			return result, errors.Join(err, fmt.Errorf("encode the state: %w", stateErr))
		}
		result.Records = slices.Insert(result.Records, r.stateIndex, record)
	}
	return result, err
}

// messageIDs returns the ids of all messages, each once.
func messageIDs(lists ...[]agui.Message) []string {
	var ids []string
	known := make(map[string]bool)
	for _, list := range lists {
		for i := range list {
			if id := list[i].ID; !known[id] {
				known[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func encodeMessages(messages []agui.Message) (json.RawMessage, error) {
	list := []byte{'['}
	for i := range messages {
		if i > 0 {
			list = append(list, ',')
		}
		var err error
		if list, err = messages[i].AppendJSON(list); err != nil {
			return nil, err
		}
	}
	return append(list, ']'), nil
}

// stateRecord returns the record for all that was said of the state.
func (r *Run) stateRecord() (store.Record, error) {
	said := &r.stateEvents
	if said.count == 1 && said.last.EventType() == agui.EventTypeStateSnapshot {
		return store.Record{Seq: r.stateSeq, Event: said.last}, nil
	}
	snapshot, err := encodeState(r.thread.State(), said.metadata)
	return store.Record{Seq: r.stateSeq, Event: snapshot}, err
}
