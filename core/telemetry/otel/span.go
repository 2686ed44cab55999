package otel

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// spanContext is what of a span goes on to other processes.
type spanContext struct {
	traceID [16]byte
	spanID  [8]byte
	sampled bool
	// state is tracestate, and baggage the header of that name, both as they came.
	state, baggage string
}

func (c *spanContext) valid() bool { return c.traceID != [16]byte{} && c.spanID != [8]byte{} }

// span is something that is under way. It belongs to whoever begins and ends it, but for
// what children count in it.
type span struct {
	spanContext
	parent [8]byte
	// remote is set if the parent is in another process.
	remote bool
	kind   spanKind
	name   string
	start  time.Time
	// attributes are encoded as they come. There are none unless the span is sampled.
	attributes []byte
	failure    string
	failed     bool

	// run is the run that it belongs to, nil for none.
	run *runTotals
}

// runTotals is what is counted of a run, by whoever does it.
type runTotals struct {
	appends, appended, appendFailures, appendTime atomic.Int64
	// model is what was last asked.
	model atomic.Pointer[modelName]
}

type modelName struct{ provider, model string }

type spanKind uint8

const (
	kindInternal spanKind = 1
	kindServer   spanKind = 2
	kindClient   spanKind = 3
)

type spanKey struct{}

// current returns the span of a context, nil for none.
func current(ctx context.Context) *span {
	s, _ := ctx.Value(spanKey{}).(*span)
	return s
}

// begin begins a span within that of the context, and returns a context for what is
// within it.
func (t *Telemetry) begin(ctx context.Context, kind spanKind, name string) (context.Context, *span) {
	s := &span{kind: kind, name: name, start: time.Now()}
	if parent := current(ctx); parent != nil {
		s.spanContext, s.parent, s.run = parent.spanContext, parent.spanID, parent.run
	} else {
		t.root(s, spanContext{})
	}
	if t.config.Traces != nil {
		s.spanID = newSpanID()
	}
	return context.WithValue(ctx, spanKey{}, s), s
}

// root makes a span the first in this process, below one of another process if that is
// valid. Without an exporter for it a span isn't made, and that of the other process goes
// on to the next.
func (t *Telemetry) root(s *span, parent spanContext) {
	if t.config.Traces == nil {
		s.spanContext = parent
		return
	}
	if parent.valid() {
		s.spanContext, s.parent, s.remote = parent, parent.spanID, true
	} else {
		s.baggage = parent.baggage
		for s.traceID == [16]byte{} {
			binary.BigEndian.PutUint64(s.traceID[:8], rand.Uint64())
			binary.BigEndian.PutUint64(s.traceID[8:], rand.Uint64())
		}
		if t.timedIDs {
			// X-Ray takes the beginning for a time.
			binary.BigEndian.PutUint32(s.traceID[:4], uint32(s.start.Unix()))
		}
	}
	s.sampled = t.config.Sampler.sample(s.traceID, parent)
}

func newSpanID() (id [8]byte) {
	for id == [8]byte{} {
		binary.BigEndian.PutUint64(id[:], rand.Uint64())
	}
	return id
}

// recording reports whether a span is going to be exported.
func (t *Telemetry) recording(s *span) bool { return s.sampled && t.config.Traces != nil }

// maxSpan is how many bytes of attributes a span may have, whatever their number.
const maxSpan = 256 << 10

// set adds attributes to a span. Texts are cut.
func (t *Telemetry) set(s *span, attributes ...attribute) {
	if !t.recording(s) {
		return
	}
	if s.attributes == nil {
		s.attributes = make([]byte, 0, 512)
	}
	for i := range attributes {
		a := &attributes[i]
		a.text = cut(a.text, t.config.AttributeLimit)
		if len(s.attributes)+len(a.text) <= maxSpan {
			s.attributes = appendAttribute(s.attributes, 9, a)
		}
	}
}

// fail gives a span the status of an error.
func (t *Telemetry) fail(s *span, errorType, message string) {
	s.failed, s.failure = true, message
	t.set(s, text("error.type", errorType))
}

// end ends a span, which is encoded and then waits to be exported.
func (t *Telemetry) end(s *span) {
	if !t.recording(s) {
		return
	}
	t.traces.add(s.encode(time.Since(s.start), t.config.AttributeLimit))
}

// The flags of a span in OTLP beside those of traceparent: whether it is known that its
// parent is in another process, and whether that is so.
const (
	flagSampled        = 1
	flagsKnowsIsRemote = 0x100
	flagsIsRemote      = 0x200
)

// encode returns the span as OTLP has it.
func (s *span) encode(took time.Duration, limit int) []byte {
	b := make([]byte, 0, len(s.attributes)+len(s.name)+len(s.state)+len(s.failure)+96)
	b = appendBytes(b, 1, s.traceID[:])
	b = appendBytes(b, 2, s.spanID[:])
	b = appendBytes(b, 3, s.state)
	if s.parent != [8]byte{} {
		b = appendBytes(b, 4, s.parent[:])
	}
	b = appendBytes(b, 5, cut(s.name, limit))
	b = appendUint(b, 6, uint64(s.kind))
	b = appendFixed64(b, 7, uint64(s.start.UnixNano()))
	b = appendFixed64(b, 8, uint64(s.start.Add(took).UnixNano()))
	b = append(b, s.attributes...)
	if s.failed {
		b = appendMessage(b, 15, func(b []byte) []byte {
			return appendUint(appendBytes(b, 2, cut(s.failure, limit)), 3, 2)
		})
	}
	flags := uint32(flagSampled | flagsKnowsIsRemote)
	if s.remote {
		flags |= flagsIsRemote
	}
	return appendFixed32(b, 16, flags)
}

func (s *span) traceHex() string { return hex.EncodeToString(s.traceID[:]) }
func (s *span) spanHex() string  { return hex.EncodeToString(s.spanID[:]) }
