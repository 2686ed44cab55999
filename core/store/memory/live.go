package memory

import (
	"bytes"
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

// part is one record, or deltas that follow one another. Text and ends only grow, so a
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
	// ends are where in text the deltas end.
	ends []uint32
}

// frameTail is how the frames of deltas end.
const frameTail = "\"}\n\n"

// add takes the run's next record, and returns by about how many bytes it has grown.
func (l *live) add(record store.Record) int64 {
	if n := len(l.parts); n > 0 {
		if grown, joined := l.parts[n-1].join(record); joined {
			return grown
		}
	}
	p := newPart(record)
	l.parts = append(l.parts, p)
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
	return &part{
		last:      record.Seq,
		eventType: record.Event.EventType(),
		id:        bytes.Clone(id),
		head:      bytes.Clone(frame[:len(frame)-len(frameTail)-len(delta)]),
		text:      bytes.Clone(delta),
		ends:      []uint32{uint32(len(delta))},
	}
}

// maxText is how much text is joined at most, so that an end is never large.
const maxText = 1 << 30

// join adds a record to the deltas of the part, if it is one of them.
func (p *part) join(record store.Record) (grown int64, joined bool) {
	if p.head == nil || len(record.Cuts) > 0 || record.Event.EventType() != p.eventType {
		return 0, false
	}
	text, ok := bytes.CutPrefix(record.Event.Frame(), p.head)
	if !ok || len(p.text)+len(text) > maxText {
		return 0, false
	}
	// The frame is valid and begins as the others do, so it is one of them if its text
	// is the rest of it.
	if text, ok = bytes.CutSuffix(text, []byte(frameTail)); !ok || !isText(text) {
		return 0, false
	}
	p.text = append(p.text, text...)
	p.ends = append(p.ends, uint32(len(p.text)))
	p.last = record.Seq
	return int64(len(text)) + 4, true
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
		first := p.last - int64(len(p.ends)) + 1
		skip := int(max(after+1-first, 0))
		all = slices.Grow(all, len(p.ends)-skip)
		for i := skip; i < len(p.ends); i++ {
			from := uint32(0)
			if i > 0 {
				from = p.ends[i-1]
			}
			all = append(all, store.Record{
				Seq:   first + int64(i),
				Event: agui.EncodePlainDelta(p.eventType, p.id, p.text[from:p.ends[i]]),
			})
		}
	}
	return all
}
