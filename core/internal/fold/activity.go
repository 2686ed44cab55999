package fold

import (
	"fmt"
	"slices"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// activities are the events about activity messages, for which fewer are to stand. The
// zero value has none.
type activities struct {
	byID map[string]*activity
	// between are those whose last event was passed over by the deltas that are being
	// gathered.
	between []*activity
}

// activity is what was said of one message since its first event.
type activity struct {
	// last is the last event, which has seq; the zero Encoded while there is but the
	// first.
	last agui.Encoded
	seq  int64
	// isBetween is set while the activity is in between.
	isBetween bool
}

// add takes an event, and reports whether another is to stand for it: it is not the
// first about its message. Between says that deltas are being gathered.
func (a *activities) add(event agui.Encoded, seq int64, between bool) bool {
	id, ok := event.Text("messageId")
	if !ok {
		return false
	}
	known := a.byID[string(id)]
	if known == nil {
		if a.byID == nil {
			a.byID = make(map[string]*activity)
		}
		a.byID[string(id)] = &activity{}
		return false
	}
	known.last, known.seq = event, seq
	if between && !known.isBetween {
		known.isBetween = true
		a.between = append(a.between, known)
	}
	return true
}

// passed returns the Seqs of the last events that were passed over, in order, and
// begins anew.
func (a *activities) passed() []int64 {
	if len(a.between) == 0 {
		return nil
	}
	seqs := make([]int64, len(a.between))
	for i, known := range a.between {
		seqs[i], known.isBetween = known.seq, false
	}
	a.between = a.between[:0]
	slices.Sort(seqs)
	return seqs
}

// forget forgets all that was said: what comes next says it anew.
func (a *activities) forget() { *a = activities{} }

// records returns the snapshots of what the activities are in the end, in any order. An
// error says what couldn't be encoded, and is left out.
func (a *activities) records(thread *Thread) (records []store.Record, err error) {
	for id, known := range a.byID {
		e := thread.byID[id]
		if known.last.JSON() == nil || e == nil || e.Role != agui.RoleActivity {
			continue // said once, or of nothing that there is
		}
		event := known.last
		if !isReplacement(event) || string(metadataOf(event)) != string(e.Metadata) {
			e.settle()
			var failure error
			event, failure = agui.Encode(agui.ActivitySnapshotEvent{
				BaseEvent: agui.BaseEvent{Metadata: e.Metadata, SubagentRunID: e.SubagentRunID},
				MessageID: id, ActivityType: e.ActivityType, Content: e.Content.Object(),
			})
			if failure != nil {
				err = fmt.Errorf("encode activity %s: %w", id, failure)
				continue
			}
		}
		records = append(records, store.Record{Seq: known.seq, Event: event})
	}
	return records, err
}

// isReplacement reports whether an event says all of an activity.
func isReplacement(event agui.Encoded) bool {
	if event.EventType() != agui.EventTypeActivitySnapshot {
		return false
	}
	replace, _ := event.Field("replace")
	return string(replace) != "false"
}
