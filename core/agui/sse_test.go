package agui_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/copilotkit-go/runtime/core/agui"
)

func TestReadSSE(t *testing.T) {
	tests := []struct {
		name, stream string
		want         []string
	}{
		{"nothing", "", nil},
		{"one event", "data: {\"a\":1}\n\n", []string{` "{\"a\":1}"`}},
		{"a value without a space before it", "data:x\n\n", []string{` "x"`}},
		{"only one space is taken off", "data:  x\n\n", []string{` " x"`}},
		{"data on several lines", "data: a\ndata: b\ndata\n\n", []string{` "a\nb\n"`}},
		{"an empty data line is data", "data\n\n", []string{` ""`}},
		{"lines that end in CRLF", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", []string{` "a\nb"`, ` "c"`}},
		{"lines that end in CR", "data: a\rdata: b\r\rdata: c\r\r", []string{` "a\nb"`, ` "c"`}},
		{"mixed ends of lines", "data: a\r\n\ndata: b\n\r\ndata: c\r\n\r", []string{` "a"`, ` "b"`, ` "c"`}},
		{"comments and unknown fields", ": hello\ndata: a\n:\nfoo: bar\nfoo\n\n", []string{` "a"`}},
		{"events without data", "event: x\n\nid: 1\n\n\n\ndata: a\n\n", []string{`1 "a"`}},
		{"an event's type is its own", "event: x\ndata: a\n\ndata: b\n\n", []string{`x "a"`, ` "b"`}},
		{"an id holds until the next", "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", []string{`1 "a"`, `1 "b"`, ` "c"`}},
		{"an id with NUL is none", "id: 1\x002\ndata: a\n\n", []string{` "a"`}},
		{"a retry", "retry: 1500\ndata: a\n\nretry: 1x\ndata: b\n\n", []string{` "a" 1.5s`, ` "b"`}},
		{"a byte order mark", "\uFEFFdata: a\n\n", []string{` "a"`}},
		{"a byte order mark later is no mark", "data: a\n\n\uFEFFdata: b\n\n", []string{` "a"`}},
		{"an event without its blank line", "data: a\n\ndata: b\n", []string{` "a"`, ` "b"`}},
		{"an event without any end", "data: a\n\ndata: b", []string{` "a"`, ` "b"`}},
		{"a colon in the value", "data: a: b\n\n", []string{` "a: b"`}},
		{"a line larger than the first buffer", "data: " + strings.Repeat("x", 9000) + "\n\n", []string{` "` + strings.Repeat("x", 9000) + `"`}},
	}
	for _, test := range tests {
		for how, wrap := range map[string]func(io.Reader) io.Reader{
			"at once":         func(r io.Reader) io.Reader { return r },
			"byte by byte":    iotest.OneByteReader,
			"with a late EOF": iotest.DataErrReader,
		} {
			t.Run(test.name+", "+how, func(t *testing.T) {
				var got []string
				for event, err := range agui.ReadSSE(wrap(strings.NewReader(test.stream)), 0) {
					if err != nil {
						t.Fatal(err)
					}
					line := fmt.Sprintf("%s%s %q", event.Event, event.ID, event.Data)
					if event.Retry > 0 {
						line += " " + event.Retry.String()
					}
					got = append(got, line)
				}
				if fmt.Sprint(got) != fmt.Sprint(test.want) {
					t.Errorf("got %v, want %v", got, test.want)
				}
			})
		}
	}
}

func TestReadSSEEndsWithAnError(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name   string
		stream io.Reader
		want   error
	}{
		{"when a line is too long", strings.NewReader("data: a\n\ndata: " + strings.Repeat("x", 200)), agui.ErrSSETooLarge},
		{"when an endless line comes", io.MultiReader(strings.NewReader("data: a\n\n"), endless{}), agui.ErrSSETooLarge},
		{"when the lines of an event are too much", strings.NewReader("data: a\n\n" + strings.Repeat("data: 0123456789\n", 20)), agui.ErrSSETooLarge},
		{"when the reader fails", io.MultiReader(strings.NewReader("data: a\n\ndata: b"), iotest.ErrReader(broken)), broken},
		{"when the reader gives nothing for ever", io.MultiReader(strings.NewReader("data: a\n\n"), silent{}), io.ErrNoProgress},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			events, last := 0, error(nil)
			for event, err := range agui.ReadSSE(test.stream, 100) {
				if last != nil {
					t.Fatal("an error is not the last thing")
				}
				if last = err; err == nil {
					events++
					if string(event.Data) != "a" {
						t.Errorf("got %q", event.Data)
					}
				}
			}
			if events != 1 || !errors.Is(last, test.want) {
				t.Errorf("got %d events and %v, want 1 and %v", events, last, test.want)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

func TestReadSSEStopsWithItsLoop(t *testing.T) {
	for event := range agui.ReadSSE(strings.NewReader("data: a\n\ndata: b\n\n"), 0) {
		if string(event.Data) != "a" {
			t.Errorf("got %q after the loop has ended", event.Data)
		}
		break
	}
}

func TestReadEvents(t *testing.T) {
	stream := "data: {\"type\":\"STEP_STARTED\",\ndata: \"stepName\":\"s\"}\n\ndata: {\"type\":\"RAW\",\"event\":1}\n\ndata: {}\n\ndata: never\n\n"
	var got []string
	var last error
	for event, err := range agui.ReadEvents(strings.NewReader(stream), 0) {
		if last = err; err == nil {
			got = append(got, string(event.JSON()))
		}
	}
	want := []string{`{"type":"STEP_STARTED","stepName":"s"}`, `{"type":"RAW","event":1}`}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var invalid *agui.ValidationError
	if !errors.As(last, &invalid) {
		t.Errorf("got error %v, want a ValidationError", last)
	}
}

func FuzzReadSSE(f *testing.F) {
	f.Add([]byte("\uFEFFid: 1\r\nevent: x\rdata: a\ndata\n\n: c\n\ndata: b"), 16)
	f.Fuzz(func(t *testing.T, stream []byte, limit int) {
		read := func(r io.Reader) (events []string, err error) {
			for event, err := range agui.ReadSSE(r, limit) {
				if err != nil {
					return events, err
				}
				if limit > 0 && len(event.Data) > limit {
					t.Fatalf("%d bytes of data, over the limit of %d", len(event.Data), limit)
				}
				events = append(events, fmt.Sprintf("%q %q %q %v", event.Event, event.ID, event.Data, event.Retry))
			}
			return events, nil
		}
		// How a stream is cut into pieces makes no difference.
		whole, wholeErr := read(strings.NewReader(string(stream)))
		pieces, piecesErr := read(iotest.OneByteReader(strings.NewReader(string(stream))))
		if wholeErr == nil && piecesErr == nil && fmt.Sprint(whole) != fmt.Sprint(pieces) {
			t.Errorf("at once %v, byte by byte %v", whole, pieces)
		}
	})
}

func BenchmarkReadEvents(b *testing.B) {
	stream := strings.Repeat("data: {\"type\":\"TEXT_MESSAGE_CONTENT\",\"messageId\":\"m\",\"delta\":\"a few words \"}\n\n", 500)
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range agui.ReadEvents(strings.NewReader(stream), 0) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/event")
}

func TestReadSSEAllocatesNothingPerEvent(t *testing.T) {
	read := func(events int) float64 {
		stream := strings.Repeat("event: delta\nid: 7\ndata: {\"delta\":\"a few words \"}\n\n", events)
		return testing.AllocsPerRun(10, func() {
			for _, err := range agui.ReadSSE(strings.NewReader(stream), 0) {
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	// Only the buffer grows, to its full size.
	if few, many := read(200), read(2000); many > few {
		t.Errorf("200 events cost %v allocations, 2000 cost %v", few, many)
	}
}

// reads yields texts, one in each reading, and notes how much room each had.
type reads struct {
	texts []string
	rooms []int
}

func (r *reads) Read(p []byte) (int, error) {
	if len(r.texts) == 0 {
		return 0, io.EOF
	}
	r.rooms = append(r.rooms, len(p))
	n := copy(p, r.texts[0])
	if r.texts[0] = r.texts[0][n:]; r.texts[0] == "" {
		r.texts = r.texts[1:]
	}
	return n, nil
}

func TestReadSSEHoldsLittleAgainAfterALargeEvent(t *testing.T) {
	r := &reads{texts: []string{"data: " + strings.Repeat("large ", 100_000) + "\n\n"}}
	r.texts = append(r.texts, slices.Repeat([]string{"data: small\n\n"}, 50)...)
	sizes := make(map[int]int)
	for event, err := range agui.ReadSSE(r, 0) {
		if err != nil {
			t.Fatal(err)
		}
		sizes[len(event.Data)]++
	}
	if sizes[600_000] != 1 || sizes[5] != 50 {
		t.Errorf("got events of %v bytes", sizes)
	}
	if room := r.rooms[len(r.rooms)-1]; room > 1<<10 || slices.Max(r.rooms) < 300_000 {
		t.Errorf("the last reading had room for %d bytes, the largest for %d", room, slices.Max(r.rooms))
	}
}

func BenchmarkReadSSE(b *testing.B) {
	for name, event := range map[string]string{
		"data alone":         "data: {\"delta\":\"a few words \"}\n\n",
		"with an event name": "event: content_block_delta\ndata: {\"delta\":\"a few words \"}\n\n",
	} {
		b.Run(name, func(b *testing.B) {
			stream := strings.Repeat(event, 500)
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range agui.ReadSSE(strings.NewReader(stream), 0) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/event")
		})
	}
}
