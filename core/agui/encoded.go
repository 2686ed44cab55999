package agui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// Encoded is an event in its wire form. It is immutable: whoever holds one may
// share it between goroutines, and must not change the bytes it hands out.
type Encoded struct {
	eventType EventType
	// frame is the whole Server-Sent Events frame, "data: {…}\n\n", so that the
	// JSON and the frame are one allocation.
	frame []byte
}

const (
	framePrefix = "data: "
	frameSuffix = "\n\n"
)

// Encode returns the wire form of an event. An Encoded event is returned as it is.
// It fails when a field that holds JSON holds something else.
func Encode(event Event) (Encoded, error) {
	if encoded, ok := event.(Encoded); ok {
		if encoded.frame == nil {
			return Encoded{}, errors.New("encode event: the zero Encoded is no event")
		}
		return encoded, nil
	}
	if encoded, ok := encodeDelta(event); ok {
		return encoded, nil
	}
	e := encoder{buf: append(make([]byte, 0, 256), framePrefix...)}
	e.event(event)
	if e.err != nil {
		return Encoded{}, fmt.Errorf("encode %T: %w", event, e.err)
	}
	e.buf = append(e.buf, frameSuffix...)
	if cap(e.buf)-len(e.buf) > max(64, len(e.buf)/7) {
		// Events are kept for long: little room is kept with them.
		e.buf = bytes.Clone(e.buf)
	}
	return Encoded{event.EventType(), e.buf}, nil
}

// ParseEncoded returns the event of JSON that came over the wire (from a remote
// agent, from a store), as it is and with whatever fields it has; JSON on several
// lines becomes one line. It copies data. It fails when data isn't a JSON object with
// a known event type, with [ErrUnknownType] where the type alone is unknown.
func ParseEncoded(data []byte) (Encoded, error) {
	value, err := jsonscan.Check(data)
	if err != nil {
		return Encoded{}, err
	}
	var d decoder
	if !d.is("object", value, nil) {
		return Encoded{}, d.err()
	}
	eventType, ok := d.eventType(value)
	if !ok {
		if name, ok := jsonscan.Lookup(value, "type"); ok && jsonscan.Kind(name) == "string" {
			return Encoded{}, unknownType{d.err()}
		}
		return Encoded{}, d.err()
	}
	frame := make([]byte, 0, len(framePrefix)+len(value)+len(frameSuffix))
	frame = append(frame, framePrefix...)
	frame = jsonscan.AppendLine(frame, value)
	frame = append(frame, frameSuffix...)
	return Encoded{eventType, frame}, nil
}

// ErrUnknownType is the error of [ParseEncoded] for an event of a type that this
// package doesn't know, such as one of a newer version of the protocol.
var ErrUnknownType = errors.New("unknown event type")

// unknownType is ErrUnknownType with the place in the JSON.
type unknownType struct{ error }

func (unknownType) Is(target error) bool { return target == ErrUnknownType }

func (u unknownType) Unwrap() error { return u.error }

// EventType returns the event's type.
func (e Encoded) EventType() EventType { return e.eventType }

// JSON returns the event's JSON object on a single line, nil for the zero Encoded.
func (e Encoded) JSON() []byte {
	if e.frame == nil {
		return nil
	}
	end := len(e.frame) - len(frameSuffix)
	return e.frame[len(framePrefix):end:end]
}

// Frame returns the event as a Server-Sent Events frame: "data: {…}\n\n".
func (e Encoded) Frame() []byte { return e.frame[:len(e.frame):len(e.frame)] }

// MarshalJSON returns [Encoded.JSON], so that an Encoded can be part of any JSON.
func (e Encoded) MarshalJSON() ([]byte, error) {
	if e.frame == nil {
		return nil, errors.New("agui: the zero Encoded is no event")
	}
	return e.JSON(), nil
}

// Decode returns the event's struct, validated as [UnmarshalEvent] does.
func (e Encoded) Decode() (Event, error) { return UnmarshalEvent(e.JSON()) }

// Validate fails where the protocol's schema doesn't allow the event, as
// [UnmarshalEvent] does. Plain deltas, which most events are, are checked without
// being decoded.
func (e Encoded) Validate() error {
	if _, _, ok := e.PlainDelta(); ok {
		return nil
	}
	_, err := e.Decode()
	return err
}

// Field returns a field of the event as JSON, and whether the event has it. The bytes
// are the event's own.
func (e Encoded) Field(name string) (json.RawMessage, bool) {
	if e.frame == nil {
		return nil, false
	}
	return jsonscan.Lookup(e.JSON(), name)
}

// Text returns the text of a field that is a string, and whether the event has
// it; a field of another kind counts as absent. The bytes may be the event's own.
func (e Encoded) Text(name string) (text []byte, ok bool) {
	value, ok := e.Field(name)
	if !ok || value[0] != '"' {
		return nil, false
	}
	return jsonscan.Text(value), true
}
