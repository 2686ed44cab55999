package openai

import (
	"bytes"
	"strconv"
)

// argumentsDelta returns the piece of a tool call's arguments that a chunk has, and the
// provider's number of the call, if the chunk has nothing else that matters: nearly all
// chunks of a call are so. As [textDelta] does, it searches instead of decoding, and
// returns false if it isn't certain.
func argumentsDelta(chunk []byte) (call int, text string, ok bool) {
	l, found := cutLiteral(chunk, `"arguments":"`)
	if !found || !bytes.HasPrefix(l.after, []byte(`}}]`)) || bytes.Contains(l.after, []byte(`"arguments"`)) {
		return 0, "", false
	}
	before, found := bytes.CutSuffix(l.before, []byte(`,"function":{`))
	if !found {
		return 0, "", false
	}
	at := bytes.LastIndexByte(before, ':') + 1
	number := before[at:]
	before, found = bytes.CutSuffix(before[:at], []byte(`"tool_calls":[{"index":`))
	if !found || len(number) == 0 || len(number) > 4 || number[0] == '0' && len(number) > 1 || number[0] == '-' || number[0] == '+' {
		return 0, "", false
	}
	call, err := strconv.Atoi(string(number))
	if err != nil || !isFirstChoice(before, l.after) || matters(before) || matters(l.after) || hasContent(before) || hasContent(l.after) {
		return 0, "", false
	}
	text, ok = l.text()
	return call, text, ok
}

// isFirstChoice reports whether the parts of a chunk around a call are of one choice, the
// first.
func isFirstChoice(before, after []byte) bool {
	const index = `"index":`
	part := before
	if bytes.Contains(after, []byte(index)) {
		part = after
	}
	_, rest, found := bytes.Cut(part, []byte(index))
	return found && bytes.Count(before, []byte(index))+bytes.Count(after, []byte(index)) == 1 &&
		len(rest) > 1 && rest[0] == '0' && (rest[1] == ',' || rest[1] == '}')
}

// hasContent reports whether a part of a chunk has text.
func hasContent(part []byte) bool {
	return bytes.Count(part, []byte(`"content"`)) != bytes.Count(part, []byte(`"content":null`))
}

// addArguments yields a piece of the arguments of a call that has begun. It reports
// false if the chunk must be decoded all the same.
func (d *decoder) addArguments(index int, text string) (done bool, err error) {
	for i := len(d.calls) - 1; i >= 0; i-- {
		call := d.calls[i]
		if call.index != index {
			continue
		}
		if !call.begun || call.arguments.Holding() {
			return false, nil
		}
		if text == "" {
			return true, nil
		}
		return true, d.send(argumentsOf(call, text))
	}
	return false, nil
}
