package fold

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Joined is one event in the place of several.
type Joined struct {
	Event agui.Encoded
	// Cuts is set when Event joins several deltas: the length of each but the
	// last one's part, in bytes of the delta as the JSON writes it. [SkipDelta]
	// takes off as many of these parts as a reader has had.
	Cuts []int
}

// JoinDeltas joins deltas that follow one another and belong to the same text
// message, tool call or reasoning message, if they carry nothing but their type,
// id and delta. The order stays, and no text changes: a run's history after it
// says exactly what it said before, in fewer events.
func JoinDeltas(events []agui.Encoded) ([]Joined, error) {
	joined := make([]Joined, 0, len(events)/8+8)
	for i := 0; i < len(events); {
		first := &events[i]
		if first.JSON() == nil {
			return nil, fmt.Errorf("join deltas: event %d is the zero agui.Encoded", i)
		}
		id, delta, ok := first.PlainDelta()
		end, size := i+1, len(delta)
		for ; ok && end < len(events) && events[end].EventType() == first.EventType(); end++ {
			nextID, nextDelta, same := events[end].PlainDelta()
			if !same || !bytes.Equal(id, nextID) {
				break
			}
			size += len(nextDelta)
		}
		if end == i+1 {
			joined = append(joined, Joined{Event: *first})
		} else {
			joined = append(joined, joinDeltas(events[i:end], id, size))
		}
		i = end
	}
	return joined, nil
}

// joinDeltas joins plain deltas of one id; size is that of the text of all. The
// text is joined as the JSON writes it, so that what one delta begins (half of a
// surrogate pair) the next can end.
func joinDeltas(events []agui.Encoded, id []byte, size int) Joined {
	eventType := events[0].EventType()
	whole := make([]byte, 0, size)
	cuts := make([]int, 0, len(events)-1)
	for i := range events {
		_, delta, _ := events[i].PlainDelta()
		whole = append(whole, delta...)
		if i < len(events)-1 {
			cuts = append(cuts, len(delta))
		}
	}
	return Joined{agui.EncodePlainDelta(eventType, id, whole), cuts}
}

// SkipDelta takes the first n bytes off the delta of an event, counted as
// [Joined.Cuts] counts them. It fails when the event isn't a plain delta of at
// least that length, or n cuts through an escape or a character.
func SkipDelta(event agui.Encoded, n int) (agui.Encoded, error) {
	if event.JSON() == nil {
		return agui.Encoded{}, errors.New("skip delta: the zero agui.Encoded is no event")
	}
	id, delta, ok := event.PlainDelta()
	if !ok {
		return agui.Encoded{}, fmt.Errorf("skip delta: %s is no plain delta", event.EventType())
	}
	if n < 0 || n > len(delta) {
		return agui.Encoded{}, fmt.Errorf("skip delta: %d of %d bytes", n, len(delta))
	}
	if n == 0 {
		return event, nil
	}
	if !boundary(delta, n) {
		return agui.Encoded{}, fmt.Errorf("skip delta: byte %d is inside a character", n)
	}
	return agui.EncodePlainDelta(event.EventType(), id, delta[n:]), nil
}

// boundary tells whether a JSON string's content can be cut before byte n.
func boundary(content []byte, n int) bool {
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
