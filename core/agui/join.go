package agui

import (
	"bytes"
	"errors"
	"fmt"
)

// Joined is one event in the place of several.
type Joined struct {
	Event Encoded
	// Cuts is set when Event joins several deltas: the length of each but the
	// last one's part, in bytes of the delta as the JSON writes it. [SkipDelta]
	// takes off as many of these parts as a reader has had.
	Cuts []int
}

// JoinDeltas joins deltas that follow one another and belong to the same text
// message, tool call or reasoning message, if they carry nothing but their type,
// id and delta. The order stays, and no text changes: a run's history after it
// says exactly what it said before, in fewer events.
func JoinDeltas(events []Encoded) ([]Joined, error) {
	joined := make([]Joined, 0, len(events)/8+8)
	for i := 0; i < len(events); {
		first := &events[i]
		if first.frame == nil {
			return nil, fmt.Errorf("join deltas: event %d is the zero Encoded", i)
		}
		id, delta, ok := first.plainDelta()
		end, size := i+1, len(delta)
		for ; ok && end < len(events) && events[end].eventType == first.eventType; end++ {
			nextID, nextDelta, same := events[end].plainDelta()
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
func joinDeltas(events []Encoded, id []byte, size int) Joined {
	eventType := events[0].eventType
	frame := appendDeltaHead(make([]byte, 0, size+len(id)+96), eventType, id)
	cuts := make([]int, 0, len(events)-1)
	for i := range events {
		_, delta, _ := events[i].plainDelta()
		frame = append(frame, delta...)
		if i < len(events)-1 {
			cuts = append(cuts, len(delta))
		}
	}
	return Joined{Encoded{eventType, appendDeltaTail(frame)}, cuts}
}

// SkipDelta takes the first n bytes off the delta of an event, counted as
// [Joined.Cuts] counts them. It fails when the event isn't a plain delta of at
// least that length, or n cuts through an escape or a character.
func SkipDelta(event Encoded, n int) (Encoded, error) {
	if event.frame == nil {
		return Encoded{}, errors.New("skip delta: the zero Encoded is no event")
	}
	id, delta, ok := event.plainDelta()
	if !ok {
		return Encoded{}, fmt.Errorf("skip delta: %s is no plain delta", event.eventType)
	}
	if n < 0 || n > len(delta) {
		return Encoded{}, fmt.Errorf("skip delta: %d of %d bytes", n, len(delta))
	}
	if n == 0 {
		return event, nil
	}
	if !boundary(delta, n) {
		return Encoded{}, fmt.Errorf("skip delta: byte %d is inside a character", n)
	}
	frame := appendDeltaHead(make([]byte, 0, len(event.frame)), event.eventType, id)
	frame = append(frame, delta[n:]...)
	return Encoded{event.eventType, appendDeltaTail(frame)}, nil
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

func appendDeltaHead(frame []byte, eventType EventType, id []byte) []byte {
	frame = append(frame, framePrefix...)
	frame = append(frame, `{"type":"`...)
	frame = append(frame, eventType...)
	frame = append(frame, `","`...)
	frame = append(frame, idField(eventType)...)
	frame = append(frame, `":"`...)
	frame = append(frame, id...)
	return append(frame, `","delta":"`...)
}

func appendDeltaTail(frame []byte) []byte { return append(frame, `"}`+frameSuffix...) }

// plainDelta takes apart an event that is a delta and carries nothing but its
// type, its id and the delta. These are given as the JSON writes them, without
// the quotes.
func (e *Encoded) plainDelta() (id, delta []byte, ok bool) {
	switch e.eventType {
	case EventTypeTextMessageContent, EventTypeToolCallArgs, EventTypeReasoningMessageContent:
	default:
		return nil, nil, false
	}
	idName := idField(e.eventType)
	count := 0
	for m := membersOf(e.JSON()); m.next(); count++ {
		if m.value[0] != '"' {
			return nil, nil, false
		}
		switch text := m.value[1 : len(m.value)-1]; string(m.name) {
		case "type":
		case "delta":
			delta = text
		case idName:
			id = text
		default:
			return nil, nil, false
		}
	}
	return id, delta, count == 3 && id != nil && delta != nil
}
