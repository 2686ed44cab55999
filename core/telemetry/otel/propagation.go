package otel

import (
	"context"
	"encoding/hex"
	"net/http"
	"strings"
)

// Propagator is a form in which a trace goes from one process to the next.
type Propagator string

// The propagators.
const (
	// TraceContext is W3C's: traceparent and tracestate.
	TraceContext Propagator = "tracecontext"
	// Baggage is W3C's baggage, which passes through as it came. Whoever calls the runtime
	// chooses what is in it, and all servers that it calls are sent it.
	Baggage Propagator = "baggage"
	// XRay is AWS's: X-Amzn-Trace-Id. On Lambda it is what the platform says.
	XRay Propagator = "xray"
)

const (
	headerTraceparent = "Traceparent"
	headerTracestate  = "Tracestate"
	headerBaggage     = "Baggage"
	headerXRay        = "X-Amzn-Trace-Id"
)

// lambdaTraceKey is the key under which aws-lambda-go keeps the invocation's trace in its
// context, in the form of the header.
const lambdaTraceKey = "x-amzn-trace-id"

// extract returns the span of another process that a request comes from, the zero value
// for none. Of several that are valid the last counts, as of several propagators.
func (t *Telemetry) extract(ctx context.Context, header http.Header) (found spanContext) {
	for _, propagator := range t.config.Propagators {
		switch propagator {
		case TraceContext:
			if parent, ok := parseTraceparent(header[headerTraceparent]); ok {
				parent.baggage = found.baggage
				found = parent
				found.state = joinTracestate(header[headerTracestate])
			}
		case Baggage:
			found.baggage = joinBaggage(header[headerBaggage])
		case XRay:
			value, _ := ctx.Value(lambdaTraceKey).(string)
			if value == "" {
				value = header.Get(headerXRay)
			}
			if parent, ok := parseXRay(value); ok {
				parent.baggage = found.baggage
				found = parent
			}
		}
	}
	return found
}

// inject adds a span to the headers of a request, in the place of what they had.
func (t *Telemetry) inject(s *span, header http.Header) {
	for _, propagator := range t.config.Propagators {
		if !s.valid() && propagator != Baggage {
			continue
		}
		switch propagator {
		case TraceContext:
			header[headerTraceparent] = []string{s.traceparent()}
			delete(header, headerTracestate)
			if s.state != "" {
				header[headerTracestate] = []string{s.state}
			}
		case Baggage:
			delete(header, headerBaggage)
			if s.baggage != "" {
				header[headerBaggage] = []string{s.baggage}
			}
		case XRay:
			header[headerXRay] = []string{s.xray()}
		}
	}
}

// traceparent returns the header of W3C's Trace Context.
func (c *spanContext) traceparent() string {
	b := make([]byte, 0, 55)
	b = append(b, "00-"...)
	b = hex.AppendEncode(b, c.traceID[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, c.spanID[:])
	if c.sampled {
		return string(append(b, "-01"...))
	}
	return string(append(b, "-00"...))
}

// parseTraceparent parses version-traceid-spanid-flags, in lower-case hex. Later versions
// may have more behind that. More than one header is none, as the standard has it.
func parseTraceparent(values []string) (c spanContext, ok bool) {
	if len(values) != 1 {
		return c, false
	}
	value := values[0]
	if len(value) < 55 || value[2] != '-' || value[35] != '-' || value[52] != '-' {
		return c, false
	}
	version, flags := value[:2], [1]byte{}
	later := version != "00" && len(value) > 55 && value[55] == '-'
	if len(value) != 55 && !later || version == "ff" {
		return c, false
	}
	var versionByte [1]byte
	if !decodeHex(versionByte[:], version) || !decodeHex(c.traceID[:], value[3:35]) ||
		!decodeHex(c.spanID[:], value[36:52]) || !decodeHex(flags[:], value[53:55]) {
		return spanContext{}, false
	}
	c.sampled = flags[0]&flagSampled != 0
	if !c.valid() {
		return spanContext{}, false
	}
	return c, true
}

// decodeHex decodes lower-case hex.
func decodeHex(into []byte, digits string) bool {
	if strings.ContainsAny(digits, "ABCDEF") {
		return false
	}
	n, err := hex.Decode(into, []byte(digits))
	return err == nil && n == len(into)
}

const (
	// maxTracestate and maxMembers bound tracestate, as the standard does.
	maxTracestate = 512
	maxMembers    = 32
	// maxBaggage bounds baggage, as the standard does.
	maxBaggage = 8192
)

// joinTracestate returns what the headers have, without space around its members, "" if
// that isn't well-formed or more than the standard lets one drop.
func joinTracestate(values []string) string {
	joined := strings.Join(values, ",")
	if len(joined) > maxTracestate || strings.Count(joined, ",") >= maxMembers {
		return ""
	}
	var members []string
	for member := range strings.SplitSeq(joined, ",") {
		if member = strings.Trim(member, " \t"); member == "" {
			continue
		}
		members = append(members, member)
		key, value, found := strings.Cut(member, "=")
		if !found || key == "" || value == "" || !printable(key) || strings.ContainsAny(key, " \"") || !printable(value) || strings.Contains(value, "=") {
			return ""
		}
	}
	return strings.Join(members, ",")
}

func joinBaggage(values []string) string {
	joined := strings.Join(values, ",")
	if len(joined) > maxBaggage || !printable(joined) {
		return ""
	}
	return joined
}

// printable reports whether a text is of ASCII's printable characters alone.
func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// xray returns AWS's header.
func (c *spanContext) xray() string {
	trace := hex.EncodeToString(c.traceID[:])
	sampled := "0"
	if c.sampled {
		sampled = "1"
	}
	return "Root=1-" + trace[:8] + "-" + trace[8:] + ";Parent=" + hex.EncodeToString(c.spanID[:]) + ";Sampled=" + sampled
}

// parseXRay parses Root=1-8 digits-24 digits;Parent=16 digits;Sampled=1, in any order,
// with other fields among them.
func parseXRay(value string) (c spanContext, ok bool) {
	if len(value) > maxTracestate {
		return c, false
	}
	for field := range strings.SplitSeq(value, ";") {
		name, content, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Root":
			if len(content) != 35 || content[:2] != "1-" || content[10] != '-' || !decodeHex(c.traceID[:], content[2:10]+content[11:]) {
				return spanContext{}, false
			}
		case "Parent":
			if len(content) != 16 || !decodeHex(c.spanID[:], content) {
				return spanContext{}, false
			}
		case "Sampled":
			c.sampled = content == "1"
		}
	}
	return c, c.valid()
}
