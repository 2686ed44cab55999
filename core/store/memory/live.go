package memory

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// live is what an unfinished run has appended. Most of it are deltas that follow one
// another, which are kept joined: a frame for each would take many times its text. Parts
// are only ever added behind, and but for the last one they don't change.
type live struct {
	parts []*part
}

// part is one record, or deltas that follow one another. Text and cuts only grow, so a
// reader may have a copy of the part as it was.
type part struct {
	// last is the Seq of the part's last record.
	last   int64
	record store.Record // if head is nil

	eventType agui.EventType
	id        []byte
	// head is how the frames of all deltas begin, up to their text.
	head []byte
	text []byte
	// cuts are the lengths of the count deltas in text, as varints: most of them are
	// small, and there are many.
	cuts  []byte
	count int
}

// frameTail is how the frames of deltas end.
const frameTail = "\"}\n\n"

// add takes the run's next record, and returns by about how many bytes it has grown.
func (l *live) add(record store.Record) int64 {
	if n := len(l.parts); n > 0 {
		last := l.parts[n-1]
		if text, ok := last.deltaOf(record); ok {
			if last.count == maxDeltas {
				last = &part{eventType: last.eventType, id: last.id, head: last.head}
				l.parts = append(l.parts, last)
			}
			last.join(record.Seq, text)
			return int64(len(text)) + 1
		}
	}
	l.parts = append(l.parts, newPart(record))
	return recordBytes(record)
}

// newPart returns the part that begins with a record.
func newPart(record store.Record) *part {
	p := &part{last: record.Seq, record: record}
	id, delta, plain := record.Event.PlainDelta()
	if !plain || len(record.Cuts) > 0 {
		return p
	}
	frame := record.Event.Frame()
	if !bytes.Equal(frame, agui.EncodePlainDelta(record.Event.EventType(), id, delta).Frame()) {
		return p // another encoder's, which is kept as it is
	}
	joined := &part{
		eventType: record.Event.EventType(),
		id:        bytes.Clone(id),
		head:      bytes.Clone(frame[:len(frame)-len(frameTail)-len(delta)]),
	}
	joined.join(record.Seq, delta)
	return joined
}

// maxDeltas is how many deltas a part has at most, so that a reader who goes on within
// one soon finds the place.
const maxDeltas = 256

// deltaOf returns the text of a record that is a delta as those of the part.
func (p *part) deltaOf(record store.Record) (text []byte, ok bool) {
	if p.head == nil || len(record.Cuts) > 0 || record.Event.EventType() != p.eventType {
		return nil, false
	}
	// A frame that is valid and begins as the others do is one of them if its text is the
	// rest of it.
	if text, ok = bytes.CutPrefix(record.Event.Frame(), p.head); !ok {
		return nil, false
	}
	text, ok = bytes.CutSuffix(text, []byte(frameTail))
	return text, ok && isText(text)
}

// join adds a delta with the Seq after the last one.
func (p *part) join(seq int64, text []byte) {
	p.text = append(p.text, text...)
	p.cuts = binary.AppendUvarint(p.cuts, uint64(len(text)))
	p.last = seq
	p.count++
}

// isText reports whether bytes of valid JSON that follow a quote have no other quote,
// unless it is escaped.
func isText(text []byte) bool {
	for {
		i := bytes.IndexAny(text, `"\`)
		switch {
		case i < 0:
			return true
		case text[i] == '"' || i+1 == len(text):
			return false
		}
		text = text[i+2:]
	}
}

// after returns the parts with something after a Seq, as they are now.
func (l *live) after(seq int64) []*part {
	from, _ := slices.BinarySearchFunc(l.parts, seq+1, func(p *part, seq int64) int { return int(min(max(p.last-seq, -1), 1)) })
	parts := slices.Clone(l.parts[from:])
	if n := len(parts); n > 0 {
		last := *parts[n-1]
		parts[n-1] = &last
	}
	return parts
}

// records returns the records of parts after a Seq.
func records(parts []*part, after int64) []store.Record {
	var all []store.Record
	for _, p := range parts {
		if p.head == nil {
			all = append(all, p.record)
			continue
		}
		seq, text := p.last-int64(p.count)+1, p.text
		all = slices.Grow(all, int(p.last-max(after, seq-1)))
		for cuts := p.cuts; len(cuts) > 0; seq++ {
			length, n := binary.Uvarint(cuts)
			if seq > after {
				all = append(all, store.Record{Seq: seq, Event: agui.EncodePlainDelta(p.eventType, p.id, text[:length])})
			}
			text, cuts = text[length:], cuts[n:]
		}
	}
	return all
}
