package phoenix

import (
	"errors"
	"strconv"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// frame is what a server sends: [join_ref, ref, topic, event, payload].
type frame struct {
	joinRef, ref string // "" for null
	topic, event string
	payload      []byte
}

// Reply is the answer to a push. Its response is JSON.
type Reply struct {
	// OK reports whether the server has done what it was asked for.
	OK       bool
	Response []byte
}

var errFrame = errors.New("frame isn't one of Phoenix's")

// parseFrame reads a frame. Its payload is a part of data.
func parseFrame(data []byte) (frame, error) {
	value, err := jsonscan.Check(data)
	if err != nil || jsonscan.Kind(value) != "array" {
		return frame{}, errFrame
	}
	var parts [5][]byte
	count := 0
	for element := jsonscan.ElementsOf(value); element.Next(); count++ {
		if count == len(parts) {
			return frame{}, errFrame
		}
		parts[count] = element.Value
	}
	if count != len(parts) {
		return frame{}, errFrame
	}
	f := frame{payload: parts[4]}
	for i, text := range []*string{&f.joinRef, &f.ref, &f.topic, &f.event} {
		switch kind := jsonscan.Kind(parts[i]); {
		case kind == "string":
			*text = string(jsonscan.Text(parts[i]))
		case kind != "null" || i >= 2:
			return frame{}, errFrame
		}
	}
	return f, nil
}

// reply reads the payload of a reply.
func (f frame) reply() (Reply, bool) {
	if jsonscan.Kind(f.payload) != "object" {
		return Reply{}, false
	}
	status, _ := jsonscan.Lookup(f.payload, "status")
	response, found := jsonscan.Lookup(f.payload, "response")
	if !found {
		response = []byte("{}")
	}
	return Reply{OK: string(status) == `"ok"`, Response: response}, status != nil
}

// appendHead appends a frame up to its payload. A joinRef of 0 is none.
func appendHead(dst []byte, joinRef, ref uint64, topic, event string) []byte {
	dst = append(dst, '[')
	if joinRef == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = appendRef(dst, joinRef)
	}
	dst = appendRef(append(dst, ','), ref)
	dst = jsonscan.AppendString(append(dst, ','), topic)
	dst = jsonscan.AppendString(append(dst, ','), event)
	return append(dst, ',')
}

// appendRef appends a number as the text that it is in frames.
func appendRef(dst []byte, ref uint64) []byte {
	dst = strconv.AppendUint(append(dst, '"'), ref, 10)
	return append(dst, '"')
}
