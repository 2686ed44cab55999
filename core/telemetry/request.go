package telemetry

import (
	"context"
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
)

// RequestIDHeader is the header with a request's id, in requests and in answers.
const RequestIDHeader = "X-Request-Id"

// scope is what is known of the request that a context belongs to.
type scope struct {
	id       string
	incoming Trace
	// complete says that the request's headers have been read.
	complete bool
}

type scopeKey struct{}

func scopeOf(ctx context.Context) *scope {
	s, _ := ctx.Value(scopeKey{}).(*scope)
	return s
}

// WithRequestID returns a context for a request to which the platform has given an id,
// which then is the request's, whatever its client says. One that [ValidRequestID]
// refuses leaves ctx as it is.
func WithRequestID(ctx context.Context, id string) context.Context {
	if !ValidRequestID(id) {
		return ctx
	}
	return context.WithValue(ctx, scopeKey{}, &scope{id: id})
}

// RequestID returns the id of the request that a context belongs to, "" for none.
func RequestID(ctx context.Context) string {
	if s := scopeOf(ctx); s != nil {
		return s.id
	}
	return ""
}

// Identified returns the request with its id and its trace in its context: the id that the
// platform has given it (see [WithRequestID]), else the one that a layer around the caller
// has put into the answer, else the client's X-Request-Id, else a new one. Those that
// aren't valid don't count. A request that has them already is returned as it is.
func Identified(r *http.Request, answer http.Header) *http.Request {
	given := scopeOf(r.Context())
	if given != nil && given.complete {
		return r
	}
	s := &scope{incoming: incomingTrace(r.Header), complete: true}
	switch own, clients := answer.Get(RequestIDHeader), r.Header.Get(RequestIDHeader); {
	case given != nil:
		s.id = given.id
	case ValidRequestID(own):
		s.id = own
	case ValidRequestID(clients):
		s.id = clients
	default:
		s.id = rand.Text()
	}
	return r.WithContext(context.WithValue(r.Context(), scopeKey{}, s))
}

// maxRequestID is how long the id of a request may be. Those of platforms have up to 100
// bytes.
const maxRequestID = 128

// ValidRequestID reports whether a text can be the id of a request: up to 128 letters,
// digits and characters of "-_.:=+/@", so that it can stand anywhere as it is.
func ValidRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.:=+/@", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// Trace names a trace and what is under way in it, in hex: 32 digits and 16. The zero
// Trace is none.
type Trace struct {
	TraceID, SpanID string
	// Sampled says that the trace is kept, as far as that is known.
	Sampled bool
}

// TraceOf returns the trace that a context belongs to: the observer's, or the one that
// the request came with, in a header traceparent, X-Cloud-Trace-Context or
// X-Amzn-Trace-Id. What a client puts there is believed where it is well-formed.
func TraceOf(ctx context.Context) Trace {
	var incoming Trace
	if s := scopeOf(ctx); s != nil {
		incoming = s.incoming
	}
	observer := From(ctx)
	if observer == nil {
		return incoming
	}
	traceID, spanID := observer.Trace(ctx)
	if traceID == "" {
		return incoming
	}
	return Trace{TraceID: traceID, SpanID: spanID, Sampled: incoming.Sampled && incoming.TraceID == traceID}
}

// incomingTrace returns the trace of a request's headers.
func incomingTrace(header http.Header) Trace {
	if t, ok := parseTraceparent(header.Get("Traceparent")); ok {
		return t
	}
	if t, ok := parseCloudTrace(header.Get("X-Cloud-Trace-Context")); ok {
		return t
	}
	if t, ok := parseAmazonTrace(header.Get("X-Amzn-Trace-Id")); ok {
		return t
	}
	return Trace{}
}

// parseTraceparent parses the header of W3C's Trace Context:
// version-traceid-spanid-flags. Later versions may have more behind that.
func parseTraceparent(text string) (Trace, bool) {
	const size = len("00-") + 32 + len("-") + 16 + len("-00")
	if len(text) < size || len(text) > size && (text[:2] == "00" || text[size] != '-') {
		return Trace{}, false
	}
	version, t, flags := text[:2], Trace{TraceID: text[3:35], SpanID: text[36:52]}, text[53:55]
	if text[2] != '-' || text[35] != '-' || text[52] != '-' || !isHex(version) || version == "ff" || !isHex(flags) || !t.valid() {
		return Trace{}, false
	}
	bits, _ := strconv.ParseUint(flags, 16, 8)
	t.Sampled = bits&1 == 1
	return t, true
}

// parseCloudTrace parses Google's header: traceid/spanid;o=1, whose span is a decimal
// number.
func parseCloudTrace(text string) (Trace, bool) {
	if len(text) > 100 {
		return Trace{}, false
	}
	text, options, _ := strings.Cut(text, ";")
	traceID, span, _ := strings.Cut(text, "/")
	t := Trace{TraceID: strings.ToLower(traceID), Sampled: options == "o=1"}
	if number, err := strconv.ParseUint(span, 10, 64); err == nil && number > 0 {
		t.SpanID = hex16(number)
	}
	return t, t.valid()
}

// parseAmazonTrace parses AWS's header: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=…;
// Sampled=1, in any order.
func parseAmazonTrace(text string) (Trace, bool) {
	if len(text) > 500 {
		return Trace{}, false
	}
	var t Trace
	for field := range strings.SplitSeq(text, ";") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(field), "="); name {
		case "Root":
			if len(value) == 35 && value[:2] == "1-" && value[10] == '-' {
				t.TraceID = value[2:10] + value[11:]
			}
		case "Parent":
			t.SpanID = value
		case "Sampled":
			t.Sampled = value == "1"
		}
	}
	return t, t.valid()
}

// valid reports whether the ids are; that of the span may be missing.
func (t *Trace) valid() bool {
	isID := func(id string, size int) bool {
		return len(id) == size && isHex(id) && strings.Trim(id, "0") != ""
	}
	return isID(t.TraceID, 32) && (t.SpanID == "" || isID(t.SpanID, 16))
}

// isHex reports whether a text has only hexadecimal digits, in lower case.
func isHex(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func hex16(number uint64) string {
	digits := strconv.FormatUint(number, 16)
	return strings.Repeat("0", 16-len(digits)) + digits
}
