package agui

import (
	"encoding/json"
	"fmt"
)

// Compact makes history short for those who are shown it, just as the
// protocol's own clients do: of each text message and tool call the deltas
// become one, what came between its start and its end comes after it, and the
// state events of each run become one snapshot before the run's end. A state
// delta that doesn't apply is left out, as it is when a client meets it.
//
// It reorders and forgets, so it is not for what is stored: see [JoinDeltas].
func Compact(events []Encoded) ([]Encoded, error) {
	c := compaction{out: make([]Encoded, 0, len(events)/8+8)}
	for i, event := range events {
		if event.frame == nil {
			return nil, fmt.Errorf("compact: event %d is the zero Encoded", i)
		}
		if err := c.add(event); err != nil {
			return nil, fmt.Errorf("compact: event %d, %s: %w", i, event.eventType, err)
		}
	}
	for _, s := range c.texts {
		c.flush(s)
	}
	for _, s := range c.calls {
		c.flush(s)
	}
	c.flushState()
	return c.out, nil
}

type compaction struct {
	out []Encoded
	// texts and calls are what is being streamed, in the order of opening.
	texts, calls []*stream
	state        []Encoded
}

// stream is a text message or a tool call on its way.
type stream struct {
	id    string
	start Encoded
	// content is the type of the stream's deltas.
	content EventType
	// delta is the text of the deltas as the JSON writes it; deltas counts them.
	delta  []byte
	deltas int
	end    Encoded
	// between is what came after the start and before the end.
	between []Encoded
	// metadata is that of deltas and of starts that came after deltas.
	metadata json.RawMessage
}

func (c *compaction) add(event Encoded) error {
	switch event.eventType {
	case EventTypeTextMessageStart, EventTypeTextMessageContent, EventTypeTextMessageEnd:
		return c.addTo(&c.texts, event, EventTypeTextMessageContent)
	case EventTypeToolCallStart, EventTypeToolCallArgs, EventTypeToolCallEnd:
		return c.addTo(&c.calls, event, EventTypeToolCallArgs)
	case EventTypeRunStarted, EventTypeRunFinished, EventTypeRunError:
		c.flushState()
		c.out = append(c.out, event)
	case EventTypeStateSnapshot, EventTypeStateDelta:
		c.state = append(c.state, event)
	default:
		for _, streams := range [][]*stream{c.texts, c.calls} {
			for _, s := range streams {
				if s.start.frame != nil {
					s.between = append(s.between, event)
					return nil
				}
			}
		}
		c.out = append(c.out, event)
	}
	return nil
}

// addTo adds an event to its stream among streams.
func (c *compaction) addTo(streams *[]*stream, event Encoded, content EventType) error {
	field := idField(event.eventType)
	id, ok := event.textField(field)
	if !ok {
		return fmt.Errorf("%s is missing", field)
	}
	var s *stream
	at := 0
	for ; at < len(*streams); at++ {
		if (*streams)[at].id == string(id) {
			s = (*streams)[at]
			break
		}
	}
	if s == nil {
		s = &stream{id: string(id), content: content}
		*streams = append(*streams, s)
	}
	switch event.eventType {
	case EventTypeTextMessageStart, EventTypeToolCallStart:
		return s.addStart(event)
	case content:
		delta, ok := event.Field("delta")
		if !ok || delta[0] != '"' {
			return fmt.Errorf("delta is missing")
		}
		s.delta = append(s.delta, delta[1:len(delta)-1]...)
		s.deltas++
		s.metadata = mergeMetadata(s.metadata, event.metadataOf())
	default:
		s.end = event
		c.flush(s)
		*streams = append((*streams)[:at], (*streams)[at+1:]...)
	}
	return nil
}

// addStart takes a start, which may come again before the end: its fields
// replace those before, its metadata is merged. The start is sent ahead of the
// deltas, so metadata that came after deltas stays with them.
func (s *stream) addStart(event Encoded) error {
	before, incoming := s.start.metadataOf(), event.metadataOf()
	metadata := mergeMetadata(before, incoming)
	if s.deltas > 0 {
		metadata = before
		s.metadata = mergeMetadata(s.metadata, incoming)
	}
	if string(metadata) == string(incoming) {
		s.start = event
		return nil
	}
	var err error
	s.start, err = withMetadata(event, metadata)
	return err
}

// withMetadata gives the event with other metadata, nil for none.
func withMetadata(event Encoded, metadata json.RawMessage) (Encoded, error) {
	var e encoder
	e.open()
	for m := membersOf(event.JSON()); m.next(); {
		if string(m.name) != "metadata" {
			if e.buf[len(e.buf)-1] != '{' {
				e.buf = append(e.buf, ',')
			}
			e.buf = appendString(e.buf, m.name)
			e.buf = append(e.buf, ':')
			e.buf = append(e.buf, m.value...)
		}
	}
	e.optRaw("metadata", metadata)
	e.close()
	if e.err != nil {
		return Encoded{}, e.err
	}
	return ParseEncoded(e.buf)
}

// flush sends what there is of a stream.
func (c *compaction) flush(s *stream) {
	if s.start.frame != nil {
		c.out = append(c.out, s.start)
	}
	if s.deltas > 0 {
		id := appendString(nil, s.id)
		frame := make([]byte, 0, len(s.delta)+len(id)+len(s.metadata)+96)
		frame = appendDeltaHead(frame, s.content, id[1:len(id)-1])
		frame = append(frame, s.delta...)
		if s.metadata != nil {
			frame = append(frame, `","metadata":`...)
			frame = append(frame, s.metadata...)
			frame = append(frame, "}"+frameSuffix...)
		} else {
			frame = appendDeltaTail(frame)
		}
		c.out = append(c.out, Encoded{s.content, frame})
	}
	if s.end.frame != nil {
		c.out = append(c.out, s.end)
	}
	c.out = append(c.out, s.between...)
}

// flushState sends one snapshot in the place of all state events since the last.
func (c *compaction) flushState() {
	if len(c.state) == 0 {
		return
	}
	state, metadata := json.RawMessage("{}"), json.RawMessage(nil)
	for _, event := range c.state {
		metadata = mergeMetadata(metadata, event.metadataOf())
		if event.eventType == EventTypeStateSnapshot {
			state = json.RawMessage("null")
			if snapshot, ok := event.Field("snapshot"); ok {
				state = snapshot
			}
			continue
		}
		delta, _ := event.Field("delta")
		if patched, err := ApplyPatch(state, delta); err == nil {
			state = patched
		}
	}
	c.state = c.state[:0]
	frame := append([]byte(framePrefix), `{"type":"STATE_SNAPSHOT","snapshot":`...)
	frame = appendLine(frame, state)
	if metadata != nil {
		frame = append(frame, `,"metadata":`...)
		frame = append(frame, metadata...)
	}
	c.out = append(c.out, Encoded{EventTypeStateSnapshot, append(frame, "}"+frameSuffix...)})
}
