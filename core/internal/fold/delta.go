package fold

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// joined gathers deltas that follow one another and belong to the same text
// message, tool call or reasoning message, if they carry nothing but their type,
// id and delta. They are joined as their JSON writes them, so that what one begins
// (half of a surrogate pair) the next can end. Events that come between them, and
// are told elsewhere, are parts without text. The zero value has none.
type joined struct {
	// first is the first event, which stays as it is when no other follows.
	first agui.Encoded
	id    []byte
	count int
	// delta is all of the text, cuts the lengths of each but the last one's part, as
	// varints: most of them are small, and there are many.
	delta []byte
	cuts  []byte
	// tail is the length of the last one's part.
	tail int
	// passed counts the events that were passed over since the last delta.
	passed int
}

// add adds an event, given with its parts, unless it belongs to something else.
func (j *joined) add(event agui.Encoded, id, delta []byte) bool {
	if j.count == 0 {
		j.first, j.id = event, id
		j.delta, j.cuts = j.delta[:0], j.cuts[:0]
	} else if event.EventType() != j.first.EventType() || string(id) != string(j.id) {
		return false
	} else {
		j.cuts = binary.AppendUvarint(j.cuts, uint64(j.tail))
	}
	j.delta = append(j.delta, delta...)
	j.tail = len(delta)
	j.count++
	j.passed = 0
	return true
}

// pass passes over an event that is told elsewhere. Something must be gathered.
func (j *joined) pass() {
	j.cuts = binary.AppendUvarint(j.cuts, uint64(j.tail))
	j.tail = 0
	j.count++
	j.passed++
}

// appendTo appends the records in place of what was gathered, of which the last has
// seq: one, or several where events with the Seqs of apart, which are in order and were
// passed over, come between.
func (j *joined) appendTo(records []store.Record, seq int64, apart []int64) []store.Record {
	seq -= int64(j.passed)
	if j.count-j.passed == 1 {
		return append(records, store.Record{Seq: seq, Event: j.first})
	}
	lengths := make([]int, 0, j.count)
	for rest := j.cuts; len(rest) > 0; {
		length, n := binary.Uvarint(rest)
		lengths, rest = append(lengths, int(length)), rest[n:]
	}
	lengths = append(lengths, j.tail)[:j.count-j.passed]
	next, delta := seq+1-int64(len(lengths)), j.delta
	part := func(n int) {
		end := 0
		for _, length := range lengths[:n] {
			end += length
		}
		if end > 0 || n == len(lengths) {
			records = append(records, store.Record{
				Seq:   next + int64(n) - 1,
				Event: agui.EncodePlainDelta(j.first.EventType(), j.id, delta[:end]),
				Cuts:  lengths[: n-1 : n-1],
			})
		}
		next, lengths, delta = next+int64(n), lengths[n:], delta[end:]
	}
	for _, at := range apart {
		if at > next && at < seq {
			part(int(at - next))
			next, lengths = next+1, lengths[1:]
		}
	}
	part(len(lengths))
	return records
}

// After returns what a record holds for those who have everything up to last: the
// event, or of joined deltas the rest.
func After(record store.Record, last int64) (agui.Encoded, error) {
	first := record.Seq - int64(len(record.Cuts))
	if last < first {
		return record.Event, nil
	}
	if last >= record.Seq {
		return agui.Encoded{}, fmt.Errorf("skip deltas: nothing of record %d is after %d", record.Seq, last)
	}
	skipped := 0
	for _, length := range record.Cuts[:last-first+1] {
		skipped += length
	}
	id, delta, ok := record.Event.PlainDelta()
	switch {
	case !ok:
		return agui.Encoded{}, fmt.Errorf("skip deltas: %s is no plain delta", record.Event.EventType())
	case skipped < 0 || skipped > len(delta):
		return agui.Encoded{}, fmt.Errorf("skip deltas: %d of %d bytes", skipped, len(delta))
	case !isBoundary(delta, skipped):
		return agui.Encoded{}, errors.New("skip deltas: the cut is inside a character")
	}
	return agui.EncodePlainDelta(record.Event.EventType(), id, delta[skipped:]), nil
}

// isBoundary reports whether a JSON string's content can be cut before byte n.
func isBoundary(content []byte, n int) bool {
	if n == len(content) {
		return true
	}
	if content[n]&0xC0 == 0x80 {
		return false
	}
	for i := 0; i < n; {
		width := 1
		if content[i] == '\\' {
			width = 2
			if content[i+1] == 'u' {
				width = 6
			}
		}
		if i += width; i > n {
			return false
		}
	}
	return true
}
