package openai

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	goopenai "github.com/sashabaranov/go-openai"
)

// chunks is a streamed answer, as undecoded chunks.
type chunks interface {
	// next gives the next chunk, which is valid until the one after it is asked
	// for. At the end it returns errDone where the provider says that it is one,
	// and [io.EOF] where the connection just ends.
	next() ([]byte, error)
	// Close closes the connection to the provider, if the answer isn't over.
	Close() error
}

// errDone is the provider's own end of an answer.
var errDone = errors.New("the answer is complete")

// eventReader reads the events of an answer's body. The client library has a
// reader of its own; this one is for the bodies that transport hands on. It costs
// less, and it isn't put off by the comments and event names that some providers
// send: the library takes them for the beginning of an error message, and then
// can't read the error message that comes.
type eventReader struct {
	body   io.Closer
	reader *bufio.Reader
	// long holds a line that is longer than the reader's buffer.
	long []byte
}

func newEventReader(body io.ReadCloser) *eventReader {
	return &eventReader{body: body, reader: bufio.NewReader(body)}
}

func (r *eventReader) next() ([]byte, error) {
	for {
		line, err := r.line()
		if err != nil {
			return nil, err
		}
		data, ok := bytes.CutPrefix(line, []byte("data:"))
		if !ok {
			continue // a comment, another field, or the blank line between events
		}
		switch data = bytes.TrimSpace(data); string(data) {
		case "":
			continue // an event of nothing keeps the connection open
		case "[DONE]":
			return nil, errDone
		}
		return data, nil
	}
}

// line gives the next line, of any length.
func (r *eventReader) line() ([]byte, error) {
	line, err := r.reader.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return r.whole(line, err)
	}
	r.long = r.long[:0]
	for errors.Is(err, bufio.ErrBufferFull) {
		r.long = append(r.long, line...)
		line, err = r.reader.ReadSlice('\n')
	}
	r.long = append(r.long, line...)
	return r.whole(r.long, err)
}

// whole lets a last line through that has no end of its own.
func (r *eventReader) whole(line []byte, err error) ([]byte, error) {
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	return line, err
}

func (r *eventReader) Close() error { return r.body.Close() }

// libraryStream is a stream of the client library.
type libraryStream struct {
	*goopenai.ChatCompletionStream
}

func (s libraryStream) next() ([]byte, error) {
	data, err := s.RecvRaw()
	if err == nil && data == nil {
		err = errStreamBroken // an error of the provider that the library couldn't read
	}
	return data, err
}
