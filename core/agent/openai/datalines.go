package openai

import (
	"bufio"
	"bytes"
	"io"
)

// dataLines is the body of an event stream without the comments and the field
// names other than "data" that some providers send in between. The client
// library takes those for parts of an error message, and then can't read the
// error message that comes after them.
type dataLines struct {
	body   io.ReadCloser
	reader *bufio.Reader
	// pending is the rest of a line that is passed on; it is valid until the
	// next read from reader.
	pending []byte
	// inside tells that the line that pending ended in goes on.
	inside, keep bool
}

func newDataLines(body io.ReadCloser) *dataLines {
	return &dataLines{body: body, reader: bufio.NewReader(body)}
}

// Read gives what has come in so far, one line or part of a line at a time.
func (d *dataLines) Read(p []byte) (int, error) {
	for len(d.pending) == 0 {
		line, err := d.reader.ReadSlice('\n')
		if len(line) > 0 {
			if !d.inside {
				d.keep = keepLine(line)
			}
			d.inside = line[len(line)-1] != '\n'
			if d.keep {
				d.pending = line
				break
			}
		}
		if err != nil && err != bufio.ErrBufferFull {
			return 0, err
		}
	}
	n := copy(p, d.pending)
	d.pending = d.pending[n:]
	return n, nil
}

// keepLine tells whether a line is data or blank.
func keepLine(line []byte) bool {
	return bytes.HasPrefix(line, []byte("data:")) || line[0] == '\n' || line[0] == '\r'
}

// Close closes the connection to the provider.
func (d *dataLines) Close() error { return d.body.Close() }
