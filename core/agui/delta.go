package agui

import (
	"bytes"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// encodeDelta encodes the events that a run consists of for the most part, with
// the frame as its one allocation.
func encodeDelta(event Event) (Encoded, bool) {
	var idName, id, delta string
	var base *BaseEvent
	switch v := event.(type) {
	case TextMessageContentEvent:
		idName, id, delta, base = "messageId", v.MessageID, v.Delta, &v.BaseEvent
	case ToolCallArgsEvent:
		idName, id, delta, base = "toolCallId", v.ToolCallID, v.Delta, &v.BaseEvent
	case ReasoningMessageContentEvent:
		idName, id, delta, base = "messageId", v.MessageID, v.Delta, &v.BaseEvent
	default:
		return Encoded{}, false
	}
	if base.Timestamp != nil || base.RawEvent != nil || base.Metadata != nil || base.SubagentRunID != "" || len(base.Extra) > 0 {
		return Encoded{}, false
	}
	return newDelta(event.EventType(), idName, id, delta), true
}

// newDelta makes an event of an id and a delta and nothing else.
func newDelta[T string | []byte](eventType EventType, idName string, id T, delta T) Encoded {
	var scratch [512]byte
	frame := scratch[:0]
	if most := len(id) + len(delta); most > len(scratch)-128 {
		frame = make([]byte, 0, most+most/8+128)
	}
	frame = append(frame, framePrefix...)
	frame = append(frame, `{"type":"`...)
	frame = append(frame, eventType...)
	frame = append(frame, `","`...)
	frame = append(frame, idName...)
	frame = append(frame, `":`...)
	frame = jsonscan.AppendString(frame, id)
	frame = append(frame, `,"delta":`...)
	frame = jsonscan.AppendString(frame, delta)
	frame = append(frame, '}')
	frame = append(frame, frameSuffix...)
	return Encoded{eventType, bytes.Clone(frame)}
}

// PlainDelta takes apart an event that is a delta of a text message, a tool call
// or a reasoning message and carries nothing but its type, its id and the delta,
// as most events do. Id and delta are returned as the JSON writes them between
// the quotes; they are the event's own bytes.
func (e Encoded) PlainDelta() (id, delta []byte, ok bool) {
	idName := deltaID(e.eventType)
	if idName == "" {
		return nil, nil, false
	}
	count := 0
	for m := jsonscan.MembersOf(e.JSON()); m.Next(); count++ {
		if m.Value[0] != '"' {
			return nil, nil, false
		}
		switch content := m.Value[1 : len(m.Value)-1]; string(m.Name) {
		case "type":
		case "delta":
			delta = content
		case idName:
			id = content
		default:
			return nil, nil, false
		}
	}
	return id, delta, count == 3 && id != nil && delta != nil
}

// EncodePlainDelta returns the delta event that [Encoded.PlainDelta] takes apart
// into id and delta. It doesn't check that they are contents of JSON strings.
func EncodePlainDelta(eventType EventType, id, delta []byte) Encoded {
	idName := deltaID(eventType)
	frame := make([]byte, 0, len(framePrefix)+len(`{"type":"","":"","delta":""}`)+len(eventType)+len(idName)+len(id)+len(delta)+len(frameSuffix))
	frame = append(frame, framePrefix...)
	frame = append(frame, `{"type":"`...)
	frame = append(frame, eventType...)
	frame = append(frame, `","`...)
	frame = append(frame, idName...)
	frame = append(frame, `":"`...)
	frame = append(frame, id...)
	frame = append(frame, `","delta":"`...)
	frame = append(frame, delta...)
	frame = append(frame, `"}`...)
	frame = append(frame, frameSuffix...)
	return Encoded{eventType, frame}
}

// deltaID returns the name of the field that says what a delta is part of, "" for
// events that are no deltas.
func deltaID(eventType EventType) string {
	switch eventType {
	case EventTypeTextMessageContent, EventTypeReasoningMessageContent:
		return "messageId"
	case EventTypeToolCallArgs:
		return "toolCallId"
	}
	return ""
}
