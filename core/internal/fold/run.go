package fold

import (
	"cmp"
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
// that was about the state, for all of them. Of each activity message the first event
// stays, which says where it is, and one ACTIVITY_SNAPSHOT stands in place of the last,
// for all others. So whoever has seen a part of the run can be sent what is after it,
// and ends with the right state and activities.
type Run struct {
	given  []agui.Message
	thread *Thread
	// seq is the Seq of the last event.
	seq     int64
	records []store.Record
	joined  joined
	// stateEvents are the events about the state. The last of them has the Seq
	// stateSeq.
	stateEvents stateEvents
	stateSeq    int64
	activities  activities
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
	eventType := event.EventType()
	if eventType == agui.EventTypeActivitySnapshot || eventType == agui.EventTypeActivityDelta {
		return r.addActivity(event)
	}
	r.flush(r.seq - 1)
	if plain {
		r.joined.add(event, id, delta)
		return nil
	}
	switch eventType {
	case agui.EventTypeStateSnapshot, agui.EventTypeStateDelta:
		r.stateEvents.add(event)
		r.stateSeq = r.seq
	case agui.EventTypeRunStarted:
		// Its messages, which may be large, are there already.
		r.records = append(r.records, store.Record{Seq: r.seq, Event: event})
		return nil
	default:
		r.records = append(r.records, store.Record{Seq: r.seq, Event: event})
	}
	err := r.thread.Add(event)
	if eventType == agui.EventTypeMessagesSnapshot && r.thread.restated {
		r.activities.forget()
	}
	return err
}

// addActivity folds an event about an activity message. It changes nothing that deltas
// do, so those before and after it are joined.
func (r *Run) addActivity(event agui.Encoded) error {
	err := r.thread.Add(event)
	if err == nil && r.activities.add(event, r.seq, r.joined.count > 0) {
		if r.joined.count > 0 {
			r.joined.pass()
		}
		return nil
	}
	r.flush(r.seq - 1)
	r.records = append(r.records, store.Record{Seq: r.seq, Event: event})
	return err
}

// flush ends the gathering of deltas, of which the last has seq.
func (r *Run) flush(seq int64) {
	if j := &r.joined; j.count > 0 {
		r.records = j.appendTo(r.records, seq, r.activities.passed())
		r.thread.addDelta(j.first.EventType(), j.id, j.delta)
		j.count, j.passed = 0, 0
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
	late, activityErr := r.activities.records(r.thread)
	err = errors.Join(err, activityErr)
	if r.stateEvents.count > 0 {
		result.Snapshot.State = orEmpty(r.thread.State())
		record, stateErr := r.stateRecord()
		if stateErr != nil {
			err = errors.Join(err, fmt.Errorf("encode the state: %w", stateErr))
		} else {
			late = append(late, record)
		}
	}
	result.Records = merge(result.Records, late)
	return result, err
}

// merge returns records in order, of which the late ones aren't.
func merge(records, late []store.Record) []store.Record {
	if len(late) == 0 {
		return records
	}
	bySeq := func(a, b store.Record) int { return cmp.Compare(a.Seq, b.Seq) }
	slices.SortFunc(late, bySeq)
	merged := make([]store.Record, 0, len(records)+len(late))
	for _, record := range late {
		at, _ := slices.BinarySearchFunc(records, record, bySeq)
		merged = append(append(merged, records[:at]...), record)
		records = records[at:]
	}
	return append(merged, records...)
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
