package fold

import (
	"encoding/json"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// Compact makes history short for those who are shown it, as the protocol's own
// clients do: of each text message and tool call the deltas become one, what came
// between its start and its end comes after it, and the state events of each run
// become one snapshot before the run's end. A state delta that doesn't apply is
// left out, as it is when a client meets it.
//
// Unlike those clients, which begin each run with an empty state, it begins with the
// state that the run was given, or that the run before has left, so that the snapshot
// is the state that there was. (What a [Run] leaves behind has such a snapshot
// already; threads that older versions have stored still have their deltas.)
//
// It reorders and forgets, so it is not for what is stored: see [Run].
func Compact(events []agui.Encoded) ([]agui.Encoded, error) {
	c := compaction{out: make([]agui.Encoded, 0, len(events)/8+8)}
	for i, event := range events {
		if event.JSON() == nil {
			return nil, fmt.Errorf("compact: event %d is the zero Encoded", i)
		}
		if err := c.add(event); err != nil {
			return nil, fmt.Errorf("compact: event %d, %s: %w", i, event.EventType(), err)
		}
	}
	for _, s := range c.texts {
		c.flush(s)
	}
	for _, s := range c.calls {
		c.flush(s)
	}
	if err := c.flushState(); err != nil {
		return nil, fmt.Errorf("compact: %w", err)
	}
	return c.out, nil
}

type compaction struct {
	out []agui.Encoded
	// texts and calls are what is being streamed, in the order of opening.
	texts, calls []*stream
	// state is the state so far, stateEvents what was said of it since it was last
	// sent.
	state       state
	stateEvents stateEvents
}

// stream is a text message or a tool call that has begun.
type stream struct {
	id    string
	start agui.Encoded
	// content is the type of the stream's deltas.
	content agui.EventType
	// delta is the text of the deltas as the JSON writes it; deltas counts them.
	delta  []byte
	deltas int
	end    agui.Encoded
	// between is what came after the start and before the end.
	between []agui.Encoded
	// metadata is that of the deltas, and of starts that came after them.
	metadata json.RawMessage
}

func (c *compaction) add(event agui.Encoded) error {
	switch event.EventType() {
	case agui.EventTypeTextMessageStart, agui.EventTypeTextMessageContent, agui.EventTypeTextMessageEnd:
		return c.addTo(&c.texts, event, agui.EventTypeTextMessageContent)
	case agui.EventTypeToolCallStart, agui.EventTypeToolCallArgs, agui.EventTypeToolCallEnd:
		return c.addTo(&c.calls, event, agui.EventTypeToolCallArgs)
	case agui.EventTypeRunStarted, agui.EventTypeRunFinished, agui.EventTypeRunError:
		if err := c.flushState(); err != nil {
			return err
		}
		c.out = append(c.out, event)
		c.state.begin(event)
	case agui.EventTypeStateSnapshot, agui.EventTypeStateDelta:
		c.state.add(event)
		c.stateEvents.add(event)
	default:
		for _, streams := range [][]*stream{c.texts, c.calls} {
			for _, s := range streams {
				if s.start.JSON() != nil {
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
func (c *compaction) addTo(streams *[]*stream, event agui.Encoded, content agui.EventType) error {
	field := idOf(event.EventType())
	id, ok := event.Text(field)
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
	switch event.EventType() {
	case agui.EventTypeTextMessageStart, agui.EventTypeToolCallStart:
		return s.addStart(event)
	case content:
		delta, ok := event.Field("delta")
		if !ok || delta[0] != '"' {
			return fmt.Errorf("delta is missing")
		}
		s.delta = append(s.delta, delta[1:len(delta)-1]...)
		s.deltas++
		s.metadata = mergeMetadata(s.metadata, metadataOf(event))
	default:
		s.end = event
		c.flush(s)
		*streams = append((*streams)[:at], (*streams)[at+1:]...)
	}
	return nil
}

// addStart takes a start, which may come again before the end: its fields replace
// those before, its metadata is merged. The start is sent ahead of the deltas, so
// metadata that came after deltas stays with them.
func (s *stream) addStart(event agui.Encoded) error {
	before, incoming := metadataOf(s.start), metadataOf(event)
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

// withMetadata returns the event with other metadata, nil for none.
func withMetadata(event agui.Encoded, metadata json.RawMessage) (agui.Encoded, error) {
	changed := []byte{'{'}
	member := func(name, value []byte) {
		if len(changed) > 1 {
			changed = append(changed, ',')
		}
		changed = append(jsonscan.AppendString(changed, name), ':')
		changed = append(changed, value...)
	}
	for m := jsonscan.MembersOf(event.JSON()); m.Next(); {
		if string(m.Name) != "metadata" {
			member(m.Name, m.Value)
		}
	}
	if metadata != nil {
		member([]byte("metadata"), metadata)
	}
	return agui.ParseEncoded(append(changed, '}'))
}

// flush sends what there is of a stream.
func (c *compaction) flush(s *stream) {
	if s.start.JSON() != nil {
		c.out = append(c.out, s.start)
	}
	if s.deltas > 0 {
		c.out = append(c.out, s.joined())
	}
	if s.end.JSON() != nil {
		c.out = append(c.out, s.end)
	}
	c.out = append(c.out, s.between...)
}

// flushState sends one snapshot in place of all state events since the last.
func (c *compaction) flushState() error {
	if c.stateEvents.count == 0 {
		return nil
	}
	snapshot := c.stateEvents.last
	if c.stateEvents.count > 1 || !isBareSnapshot(snapshot) {
		var err error
		if snapshot, err = encodeState(c.state.encode(), c.stateEvents.metadata); err != nil {
			return err
		}
	}
	c.out = append(c.out, snapshot)
	c.stateEvents = stateEvents{}
	return nil
}

// isBareSnapshot reports whether an event is a STATE_SNAPSHOT that carries nothing
// else.
func isBareSnapshot(event agui.Encoded) bool {
	if event.EventType() != agui.EventTypeStateSnapshot {
		return false
	}
	found := false
	for m := jsonscan.MembersOf(event.JSON()); m.Next(); {
		switch string(m.Name) {
		case "type":
		case "snapshot":
			found = true
		default:
			return false
		}
	}
	return found
}

// joined returns the one delta in place of the stream's deltas.
func (s *stream) joined() agui.Encoded {
	id := jsonscan.AppendString(nil, s.id)
	delta := agui.EncodePlainDelta(s.content, id[1:len(id)-1], s.delta)
	if s.metadata == nil {
		return delta
	}
	// Both are valid, so the event is.
	merged, _ := withMetadata(delta, s.metadata)
	return merged
}

// idOf returns the name of the field that says which stream an event is part of.
func idOf(eventType agui.EventType) string {
	switch eventType {
	case agui.EventTypeToolCallStart, agui.EventTypeToolCallArgs, agui.EventTypeToolCallEnd:
		return "toolCallId"
	}
	return "messageId"
}
