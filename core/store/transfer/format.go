package transfer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// The first line of a file has these.
const (
	formatName = "copilotkit-threads"
	version    = 1
)

// line is any line of a file: it has the fields of one kind.
type line struct {
	// Of the first line.
	Format  string `json:"format,omitempty"`
	Version int    `json:"version,omitempty"`
	// Of the lines that begin a thread, and give its snapshot.
	Thread   *description `json:"thread,omitempty"`
	Snapshot *snapshot    `json:"snapshot,omitempty"`
	// Of a record.
	Seq   int64           `json:"seq,omitempty"`
	Cuts  []int           `json:"cuts,omitempty"`
	Event json.RawMessage `json:"event,omitempty"`
	// Records is how many records the thread had that ends here; Threads how many
	// threads the file had.
	Records *int `json:"records,omitempty"`
	Threads *int `json:"threads,omitempty"`
}

type description struct {
	Owner    string     `json:"owner,omitempty"`
	ID       string     `json:"id"`
	Name     string     `json:"name,omitempty"`
	Agent    string     `json:"agent"`
	Archived bool       `json:"archived,omitempty"`
	Created  time.Time  `json:"created"`
	Updated  time.Time  `json:"updated"`
	LastRun  *time.Time `json:"lastRun,omitempty"`
}

type snapshot struct {
	Messages json.RawMessage `json:"messages"`
	State    json.RawMessage `json:"state,omitempty"`
}

// describe returns a thread as its line has it. All stores have times to the microsecond.
func describe(thread store.Thread) *description {
	wire := func(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }
	d := &description{
		Owner: thread.Key.Owner, ID: thread.Key.ID, Name: thread.Name, Agent: thread.AgentID, Archived: thread.Archived,
		Created: wire(thread.CreatedAt), Updated: wire(thread.UpdatedAt),
	}
	if !thread.LastRunAt.IsZero() {
		ran := wire(thread.LastRunAt)
		d.LastRun = &ran
	}
	return d
}

func (d *description) key() store.Key { return store.Key{Owner: d.Owner, ID: d.ID} }

func (d *description) times() *store.Times {
	times := &store.Times{Created: d.Created, Updated: d.Updated}
	if d.LastRun != nil {
		times.LastRun = *d.LastRun
	}
	return times
}

// writer writes lines. After an error it writes nothing more.
type writer struct {
	out  *bufio.Writer
	line []byte
}

func newWriter(w io.Writer) *writer { return &writer{out: bufio.NewWriterSize(w, 1<<16)} }

// write writes a line that has no bytes of a store's in it.
func (w *writer) write(l line) error {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(l); err != nil {
		return err
	}
	_, err := w.out.Write(buffer.Bytes())
	return err
}

// record writes a record, its event byte for byte.
func (w *writer) record(r store.Record) error {
	w.line = append(w.line[:0], `{"seq":`...)
	w.line = strconv.AppendInt(w.line, r.Seq, 10)
	if len(r.Cuts) > 0 {
		w.line = append(w.line, `,"cuts":[`...)
		for i, cut := range r.Cuts {
			if i > 0 {
				w.line = append(w.line, ',')
			}
			w.line = strconv.AppendInt(w.line, int64(cut), 10)
		}
		w.line = append(w.line, ']')
	}
	w.line = append(w.line, `,"event":`...)
	w.line = append(w.line, r.Event.JSON()...)
	w.line = append(w.line, "}\n"...)
	_, err := w.out.Write(w.line)
	return err
}

// snapshot writes a snapshot, byte for byte but for line breaks between values.
func (w *writer) snapshot(s store.Snapshot) error {
	w.line = append(w.line[:0], `{"snapshot":{"messages":`...)
	w.line = appendLine(w.line, s.Messages)
	if s.State != nil {
		w.line = append(w.line, `,"state":`...)
		w.line = appendLine(w.line, s.State)
	}
	w.line = append(w.line, "}}\n"...)
	_, err := w.out.Write(w.line)
	return err
}

// appendLine appends valid JSON, in which a line break can only be between values.
func appendLine(dst []byte, value json.RawMessage) []byte {
	from := len(dst)
	dst = append(dst, value...)
	for i := from; i < len(dst); i++ {
		if dst[i] == '\n' || dst[i] == '\r' {
			dst[i] = ' '
		}
	}
	return dst
}

// maxLine bounds a line: more than a run may have, and than a store takes as one value.
const maxLine = 1 << 30

// lines reads lines, and counts them.
type lines struct {
	in     *bufio.Reader
	number int
	buffer []byte
}

func newLines(r io.Reader) *lines { return &lines{in: bufio.NewReaderSize(r, 1<<16)} }

// next returns the next line, or io.EOF. What it returns is overwritten by the next call.
func (l *lines) next() (line, error) {
	l.buffer = l.buffer[:0]
	for {
		part, err := l.in.ReadSlice('\n')
		l.buffer = append(l.buffer, part...)
		switch {
		case err == nil:
			l.number++
			read, err := parse(l.buffer)
			if err != nil {
				return line{}, l.failed(err)
			}
			return read, nil
		case errors.Is(err, io.EOF) && len(l.buffer) == 0:
			return line{}, io.EOF
		case errors.Is(err, io.EOF):
			l.number++
			return line{}, l.failed(errors.New("the file is cut off here"))
		case !errors.Is(err, bufio.ErrBufferFull):
			return line{}, fmt.Errorf("read the file: %w", err)
		case len(l.buffer) > maxLine:
			l.number++
			return line{}, l.failed(fmt.Errorf("it has more than %d bytes", maxLine))
		}
	}
}

// failed returns an error with the number of the line.
func (l *lines) failed(err error) error { return fmt.Errorf("line %d: %w", l.number, err) }

// errLine is what a line is that no version writes.
var errLine = errors.New("it is no line of an export of threads")

func parse(data []byte) (line, error) {
	var l line
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil {
		return line{}, fmt.Errorf("%w: %v", errLine, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return line{}, errLine
	}
	kinds := 0
	for _, is := range []bool{l.Format != "", l.Thread != nil, l.Snapshot != nil, l.Event != nil, l.Records != nil, l.Threads != nil} {
		if is {
			kinds++
		}
	}
	if kinds != 1 || (l.Event == nil) != (l.Seq == 0) || l.Event == nil && l.Cuts != nil || (l.Format == "") != (l.Version == 0) {
		return line{}, errLine
	}
	return l, nil
}
