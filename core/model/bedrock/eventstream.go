package bedrock

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Sizes of the parts of a frame, in bytes.
const (
	preludeLength  = 12
	checksumLength = 4
	// maxFrame bounds a frame. The format has 16 MB at most.
	maxFrame = 16 << 20
	// maxQuickRead is how much is allocated before it has come.
	maxQuickRead = 64 << 10
)

// frame is a message of an event stream. It is valid until the next one.
type frame struct {
	// messageType is "event", "exception" or "error".
	messageType string
	// name is the type of the event or the exception, or the code of the error.
	name    string
	payload []byte
	// message is the text of an error.
	message string
}

// frameReader reads the frames of application/vnd.amazon.eventstream.
//
// Source: https://smithy.io/2.0/aws/amazon-eventstream.html
type frameReader struct {
	r       *bufio.Reader
	prelude [preludeLength]byte
	// buffer holds a frame without its prelude.
	buffer []byte
}

func newFrameReader(r io.Reader) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, 16<<10)}
}

// next reads a frame. It fails with [io.EOF] at the end of the stream.
func (f *frameReader) next() (frame, error) {
	prelude := f.prelude[:]
	if _, err := io.ReadFull(f.r, prelude); err != nil {
		return frame{}, err
	}
	total, headers := binary.BigEndian.Uint32(prelude), binary.BigEndian.Uint32(prelude[4:])
	if crc32.ChecksumIEEE(prelude[:8]) != binary.BigEndian.Uint32(prelude[8:]) {
		return frame{}, errors.New("read the event stream: wrong checksum of a prelude")
	}
	if total > maxFrame || total < preludeLength+checksumLength || headers > total-preludeLength-checksumLength {
		return frame{}, fmt.Errorf("read the event stream: a frame of %d bytes with %d bytes of headers", total, headers)
	}
	if err := f.read(int(total) - preludeLength); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return frame{}, err
	}
	end := len(f.buffer) - checksumLength
	sum := crc32.Update(crc32.ChecksumIEEE(prelude), crc32.IEEETable, f.buffer[:end])
	if sum != binary.BigEndian.Uint32(f.buffer[end:]) {
		return frame{}, errors.New("read the event stream: wrong checksum of a frame")
	}
	read := frame{payload: f.buffer[headers:end]}
	return read, read.parseHeaders(f.buffer[:headers])
}

// read reads n bytes into the buffer, which grows with what has come.
func (f *frameReader) read(n int) error {
	if n <= maxQuickRead {
		if cap(f.buffer) < n {
			f.buffer = make([]byte, n, max(n, 1024))
		}
		f.buffer = f.buffer[:n]
		_, err := io.ReadFull(f.r, f.buffer)
		return err
	}
	large := bytes.NewBuffer(f.buffer[:0])
	_, err := io.CopyN(large, f.r, int64(n))
	f.buffer = large.Bytes()
	return err
}

var errHeaders = errors.New("read the event stream: malformed headers")

// parseHeaders takes over the headers that matter.
func (f *frame) parseHeaders(data []byte) error {
	for len(data) > 0 {
		length := int(data[0])
		if len(data) < 2+length {
			return errHeaders
		}
		header, kind := data[1:1+length], data[1+length]
		data = data[2+length:]
		size, ok := valueSize(kind, data)
		if !ok || len(data) < size {
			return errHeaders
		}
		value := data[:size]
		data = data[size:]
		if kind != stringHeader {
			continue
		}
		text := value[2:]
		switch string(header) {
		case ":message-type":
			f.messageType = known(text)
		case ":event-type", ":exception-type", ":error-code":
			f.name = known(text)
		case ":error-message":
			f.message = string(text)
		}
	}
	return nil
}

// stringHeader is the type of a header that is a string.
const stringHeader = 7

// valueSize returns how many bytes the value of a header has, with its length.
func valueSize(kind byte, data []byte) (int, bool) {
	switch kind {
	case 0, 1: // booleans
		return 0, true
	case 2: // an integer of one byte
		return 1, true
	case 3:
		return 2, true
	case 4:
		return 4, true
	case 5, 8: // an integer, a time
		return 8, true
	case 9: // a UUID
		return 16, true
	case 6, stringHeader: // bytes, text
		if len(data) < 2 {
			return 0, false
		}
		return 2 + int(binary.BigEndian.Uint16(data)), true
	}
	return 0, false
}

// known returns a text, without allocating it if it is one of those of nearly all
// frames.
func known(text []byte) string {
	switch string(text) {
	case "event":
		return "event"
	case "contentBlockDelta":
		return "contentBlockDelta"
	}
	return string(text)
}
