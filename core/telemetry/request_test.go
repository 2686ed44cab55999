package telemetry_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/telemetry"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
)

func TestTheTraceThatARequestComesWith(t *testing.T) {
	sampled := telemetry.Trace{TraceID: traceID, SpanID: spanID, Sampled: true}
	unsampled := telemetry.Trace{TraceID: traceID, SpanID: spanID}
	for _, test := range []struct {
		name, header, value string
		want                telemetry.Trace
	}{
		{"W3C's", "Traceparent", "00-" + traceID + "-" + spanID + "-01", sampled},
		{"W3C's, not sampled", "Traceparent", "00-" + traceID + "-" + spanID + "-00", unsampled},
		{"W3C's with other flags", "Traceparent", "00-" + traceID + "-" + spanID + "-03", sampled},
		{"a later version of W3C's", "Traceparent", "01-" + traceID + "-" + spanID + "-01-what-may-come", sampled},
		{"version 0 with more behind it", "Traceparent", "00-" + traceID + "-" + spanID + "-01-more", telemetry.Trace{}},
		{"version ff", "Traceparent", "ff-" + traceID + "-" + spanID + "-01", telemetry.Trace{}},
		{"capitals", "Traceparent", "00-" + strings.ToUpper(traceID) + "-" + spanID + "-01", telemetry.Trace{}},
		{"no trace", "Traceparent", "00-" + strings.Repeat("0", 32) + "-" + spanID + "-01", telemetry.Trace{}},
		{"no span", "Traceparent", "00-" + traceID + "-" + strings.Repeat("0", 16) + "-01", telemetry.Trace{}},
		{"what isn't hex", "Traceparent", "00-" + traceID + "-" + spanID + "-0g", telemetry.Trace{}},
		{"a newline", "Traceparent", "00-" + traceID[:31] + "\n-" + spanID + "-01", telemetry.Trace{}},
		{"half of it", "Traceparent", "00-" + traceID, telemetry.Trace{}},
		{"a megabyte", "Traceparent", strings.Repeat("0", 1<<20), telemetry.Trace{}},
		{"Google's", "X-Cloud-Trace-Context", traceID + "/67667974448284343;o=1", sampled},
		{"Google's, not sampled", "X-Cloud-Trace-Context", traceID + "/67667974448284343;o=0", unsampled},
		{"Google's without a span", "X-Cloud-Trace-Context", traceID, telemetry.Trace{TraceID: traceID}},
		{"Google's with a span that is none", "X-Cloud-Trace-Context", traceID + "/-1;o=1", telemetry.Trace{TraceID: traceID, Sampled: true}},
		{"Google's with no trace", "X-Cloud-Trace-Context", "/1;o=1", telemetry.Trace{}},
		{"a megabyte of Google's", "X-Cloud-Trace-Context", strings.Repeat("a", 1<<20), telemetry.Trace{}},
		{"AWS's", "X-Amzn-Trace-Id", "Root=1-" + traceID[:8] + "-" + traceID[8:] + ";Parent=" + spanID + ";Sampled=1", sampled},
		{"AWS's in another order", "X-Amzn-Trace-Id", "Self=1-2-3; Sampled=0; Parent=" + spanID + "; Root=1-" + traceID[:8] + "-" + traceID[8:], unsampled},
		{"AWS's from a load balancer", "X-Amzn-Trace-Id", "Root=1-" + traceID[:8] + "-" + traceID[8:], telemetry.Trace{TraceID: traceID}},
		{"AWS's with another root", "X-Amzn-Trace-Id", "Root=2-" + traceID[:8] + "-" + traceID[8:], telemetry.Trace{}},
		{"AWS's with a parent that is none", "X-Amzn-Trace-Id", "Root=1-" + traceID[:8] + "-" + traceID[8:] + ";Parent=x", telemetry.Trace{}},
		{"a megabyte of AWS's", "X-Amzn-Trace-Id", strings.Repeat("Root=1;", 1<<17), telemetry.Trace{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set(test.header, test.value)
			r = telemetry.Identified(r, http.Header{})
			if got := telemetry.TraceOf(r.Context()); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestOfSeveralTracesW3CsCounts(t *testing.T) {
	other := strings.Repeat("b", 32)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Amzn-Trace-Id", "Root=1-"+other[:8]+"-"+other[8:])
	r.Header.Set("X-Cloud-Trace-Context", other)
	r.Header.Set("Traceparent", "00-"+traceID+"-"+spanID+"-01")
	if got := telemetry.TraceOf(telemetry.Identified(r, nil).Context()); got.TraceID != traceID {
		t.Errorf("got %+v", got)
	}
}

func TestARequestIsIdentifiedOnce(t *testing.T) {
	r := telemetry.Identified(httptest.NewRequest("GET", "/", nil), nil)
	if again := telemetry.Identified(r, http.Header{"X-Request-Id": {"other"}}); again != r {
		t.Errorf("%q is now %q", telemetry.RequestID(r.Context()), telemetry.RequestID(again.Context()))
	}
}

// tracing is an observer that has a trace of its own.
type tracing struct{ telemetry.Observer }

func (tracing) Trace(context.Context) (traceID, spanID string) {
	return strings.Repeat("c", 32), strings.Repeat("d", 16)
}

func TestTheObserversTraceCountsBeforeTheRequests(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Traceparent", "00-"+traceID+"-"+spanID+"-01")
	ctx := telemetry.With(telemetry.Identified(r, nil).Context(), tracing{})
	want := telemetry.Trace{TraceID: strings.Repeat("c", 32), SpanID: strings.Repeat("d", 16)}
	if got := telemetry.TraceOf(ctx); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
