package anthropic

import (
	"bytes"

	"github.com/copilotkit-go/runtime/core/model/internal/blocks"
)

// pieceKind is the kind of a piece of text.
type pieceKind uint8

const (
	textPiece pieceKind = iota + 1
	thinkingPiece
	argumentsPiece
)

var (
	deltaPrefix     = []byte(`{"type":"content_block_delta","index":`)
	textPrefix      = []byte(`,"delta":{"type":"text_delta","text":`)
	thinkingPrefix  = []byte(`,"delta":{"type":"thinking_delta","thinking":`)
	argumentsPrefix = []byte(`,"delta":{"type":"input_json_delta","partial_json":`)
)

// quickDelta returns the piece of text of an event that has one and nothing else, in
// the form that the API sends nearly all events in, which takes a fraction of the time
// of decoding it. It returns false if it isn't certain.
func quickDelta(event []byte) (index int, kind pieceKind, literal []byte, ok bool) {
	rest, ok := bytes.CutPrefix(event, deltaPrefix)
	if !ok {
		return 0, 0, nil, false
	}
	index, digits := blocks.LeadingIndex(rest)
	if digits == 0 {
		return 0, 0, nil, false
	}
	rest = rest[digits:]
	if after, ok := bytes.CutPrefix(rest, textPrefix); ok {
		kind, rest = textPiece, after
	} else if after, ok := bytes.CutPrefix(rest, argumentsPrefix); ok {
		kind, rest = argumentsPiece, after
	} else if after, ok := bytes.CutPrefix(rest, thinkingPrefix); ok {
		kind, rest = thinkingPiece, after
	} else {
		return 0, 0, nil, false
	}
	end := blocks.StringEnd(rest)
	if end < 0 {
		return 0, 0, nil, false
	}
	// The API pads events with spaces between the braces.
	closing := bytes.TrimRight(rest[end:], " ")
	if len(closing) < 2 || closing[0] != '}' || closing[len(closing)-1] != '}' || len(bytes.Trim(closing[1:len(closing)-1], " ")) > 0 {
		return 0, 0, nil, false
	}
	return index, kind, rest[:end], true
}
