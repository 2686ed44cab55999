package agui

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"time"
)

// ErrSSETooLarge reports an event of a stream that is larger than its reader takes.
var ErrSSETooLarge = errors.New("server-sent event too large")

// DefaultSSELimit is the size in bytes of the largest event that [ReadSSE] takes by
// default.
const DefaultSSELimit = 16 << 20

// SSEEvent is one event of a Server-Sent Events stream.
type SSEEvent struct {
	// Event is the event's type, "" for the default one, "message".
	Event string
	// ID is the last id of the stream, from this event or an earlier one.
	ID string
	// Data is the data lines, joined by newlines. It is valid until the next
	// step of the iteration.
	Data []byte
	// Retry is the reconnection time that came with this event, 0 for none.
	Retry time.Duration
}

// ReadSSE reads a Server-Sent Events stream to its end: lines that end in LF, CR
// or CRLF, comments, data on several lines, a byte order mark, in reads of any size.
// Events without data aren't yielded. Data after the last blank line is an event if the
// stream ends without an error. ReadSSE doesn't allocate per event, unless the id or
// the type changes.
//
// An event has maxBytes at most; if maxBytes is zero or negative, it defaults to
// [DefaultSSELimit]. An error (of r, or wrapping [ErrSSETooLarge]) is the last thing
// yielded.
//
// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
func ReadSSE(r io.Reader, maxBytes int) iter.Seq2[SSEEvent, error] {
	if maxBytes <= 0 {
		maxBytes = DefaultSSELimit
	}
	return func(yield func(SSEEvent, error) bool) {
		lines := lineReader{r: r, max: maxBytes}
		var event SSEEvent
		var data []byte
		hasData := false
		eventType := "" // the last one: most events of a stream have the same
		dispatch := func() bool {
			if hasData {
				event.Data = data
				if !yield(event, nil) {
					return false
				}
			}
			event = SSEEvent{ID: event.ID}
			data, hasData = data[:0], false
			return true
		}
		for {
			line, err := lines.next()
			if err == io.EOF {
				dispatch()
				return
			}
			if err != nil {
				yield(SSEEvent{}, err)
				return
			}
			if len(line) == 0 {
				if !dispatch() {
					return
				}
				continue
			}
			name, value, _ := bytes.Cut(line, []byte(":"))
			value = bytes.TrimPrefix(value, []byte(" "))
			switch string(name) {
			case "data":
				if hasData {
					data = append(data, '\n')
				}
				if len(data)+len(value) > maxBytes {
					yield(SSEEvent{}, fmt.Errorf("%w: more than %d bytes", ErrSSETooLarge, maxBytes))
					return
				}
				if !hasData && lines.takeBlank() {
					// This is the whole event, which can be read where it is.
					event.Data = value[:len(value):len(value)]
					if !yield(event, nil) {
						return
					}
					event = SSEEvent{ID: event.ID}
					continue
				}
				data, hasData = append(data, value...), true
			case "event":
				if eventType != string(value) {
					eventType = string(value)
				}
				event.Event = eventType
			case "id":
				if event.ID != string(value) && bytes.IndexByte(value, 0) < 0 {
					event.ID = string(value)
				}
			case "retry":
				if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil {
					event.Retry = time.Duration(ms) * time.Millisecond
				}
			}
		}
	}
}

// ReadEvents reads the AG-UI events of a Server-Sent Events stream, as [ReadSSE]
// does with [ParseEncoded] on each. An error is the last thing yielded.
func ReadEvents(r io.Reader, maxBytes int) iter.Seq2[Encoded, error] {
	return func(yield func(Encoded, error) bool) {
		for event, err := range ReadSSE(r, maxBytes) {
			var encoded Encoded
			if err == nil {
				encoded, err = ParseEncoded(event.Data)
			}
			if !yield(encoded, err) || err != nil {
				return
			}
		}
	}
}

// lineReader splits a stream into lines.
type lineReader struct {
	r   io.Reader
	max int
	buf []byte
	// buf[start:] is unread; up to scanned it holds no end of line.
	start, scanned int
	// skipLF is set after a line that ended in CR: an LF right after it, which may
	// come later, belongs to that end.
	skipLF bool
	begun  bool
	// full is set when the last read has filled the buffer, and small counts the reads in
	// a row that a first buffer has ample room for.
	full  bool
	small int
	err   error
}

const (
	// firstBuffer is for a stream whose events come one by one; when more comes at once
	// than there is room for, the buffer grows up to fullBuffer. Longer lines make it as
	// large as they are. After so many reads that have shown no need of that it is a first
	// one again.
	firstBuffer = 1 << 10
	fullBuffer  = 4 << 10
	manySmall   = 16
	// maxLineExtra is what a line may hold besides a field's value.
	maxLineExtra = 64
)

// next returns the next line without its end; it is valid until the next call.
// The last line may lack an end.
func (l *lineReader) next() ([]byte, error) {
	for {
		if !l.begun && (len(l.buf) >= 3 || l.err != nil) {
			l.begun = true
			if bytes.HasPrefix(l.buf, []byte("\uFEFF")) {
				l.start, l.scanned = 3, 3
			}
		}
		if l.skipLF && l.start < len(l.buf) {
			l.skipLF = false
			if l.buf[l.start] == '\n' {
				l.start++
				l.scanned = max(l.scanned, l.start)
			}
		}
		// Whether a first byte of 0xEF begins a byte order mark or a line is known
		// when three bytes are there.
		if l.begun || len(l.buf) > 0 && l.buf[0] != 0xEF {
			if i := indexLineEnd(l.buf[l.scanned:]); i >= 0 {
				end := l.scanned + i
				line := l.buf[l.start:end]
				l.skipLF = l.buf[end] == '\r'
				l.start, l.scanned, l.begun = end+1, end+1, true
				return line, nil
			}
			l.scanned = len(l.buf)
		}
		if l.err != nil {
			line := l.buf[l.start:]
			l.start, l.scanned = len(l.buf), len(l.buf)
			if l.err == io.EOF && len(line) > 0 {
				return line, nil
			}
			return nil, l.err
		}
		if len(l.buf)-l.start > l.max+maxLineExtra {
			return nil, fmt.Errorf("%w: a line of more than %d bytes", ErrSSETooLarge, l.max)
		}
		l.fill()
	}
}

// takeBlank takes the next line, if it has come already, is empty, and ends in LF, and
// reports whether it has. The line before it stays valid.
func (l *lineReader) takeBlank() bool {
	if l.skipLF || l.start >= len(l.buf) || l.buf[l.start] != '\n' {
		return false
	}
	l.start++
	l.scanned = l.start
	return true
}

// fill reads more into the buffer, making room first.
func (l *lineReader) fill() {
	if l.start > 0 {
		n := copy(l.buf, l.buf[l.start:])
		l.buf, l.scanned, l.start = l.buf[:n], l.scanned-l.start, 0
	}
	if len(l.buf) == 0 && cap(l.buf) > firstBuffer && l.small >= manySmall {
		l.buf = nil
	}
	if len(l.buf) == cap(l.buf) || l.full && cap(l.buf) < fullBuffer {
		grown := make([]byte, len(l.buf), max(firstBuffer, 2*cap(l.buf)))
		copy(grown, l.buf)
		l.buf = grown
	}
	for range 100 {
		n, err := l.r.Read(l.buf[len(l.buf):cap(l.buf)])
		l.buf = l.buf[:len(l.buf)+n]
		if l.err = err; n > 0 || err != nil {
			l.full = len(l.buf) == cap(l.buf)
			if l.small++; n > firstBuffer/2 {
				l.small = 0
			}
			return
		}
	}
	l.err = io.ErrNoProgress
}

func indexLineEnd(data []byte) int {
	lf := bytes.IndexByte(data, '\n')
	if lf >= 0 {
		data = data[:lf]
	}
	if cr := bytes.IndexByte(data, '\r'); cr >= 0 {
		return cr
	}
	return lf
}
