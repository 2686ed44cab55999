package otel_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/telemetry/otel"
)

const (
	trace  = "0af7651916cd43dd8448eb211c80319c"
	parent = "b7ad6b7169203331"
	xray   = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
)

// outgoing returns the headers of a request to another server, made while a request with
// headers is served.
func outgoing(t *testing.T, change func(*otel.Config), header http.Header) http.Header {
	t.Helper()
	config := newConfig(t, "http://collector.example")
	config.HTTPClient = &http.Client{Transport: &moody{}}
	change(&config)
	observer := start(t, config)
	sent := make(http.Header)
	serve(observer, header, func(ctx context.Context) { observer.Outgoing(ctx, sent) })
	return sent
}

func TestWhichTracesGoOn(t *testing.T) {
	long := strings.Repeat("v", 600)
	for name, c := range map[string]struct {
		header http.Header
		// goesOn is the trace that goes on, "" for a new one.
		goesOn, flags, state string
	}{
		"a trace that is kept":        {http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01"}}, trace, "01", ""},
		"a trace that isn't kept":     {http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-00"}}, trace, "00", ""},
		"other flags":                 {http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-ff"}}, trace, "01", ""},
		"a later version":             {http.Header{"Traceparent": {"cc-" + trace + "-" + parent + "-01-what-the-future-brings"}}, trace, "01", ""},
		"with a state":                {http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01"}, "Tracestate": {"a=1,b=2", "c@d=3"}}, trace, "01", "a=1,b=2,c@d=3"},
		"with a state that is space":  {http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01"}, "Tracestate": {"\t", " a=1 ,\tb=2,,"}}, trace, "01", "a=1,b=2"},
		"with a state that is long":   {http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01"}, "Tracestate": {"a=" + long}}, trace, "01", ""},
		"with a state that is broken": {http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01"}, "Tracestate": {"a=1,\x01=2"}}, trace, "01", ""},
		"with too many states":        {http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01"}, "Tracestate": {strings.Repeat("a=1,", 40)}}, trace, "01", ""},
		"a state alone":               {http.Header{"Tracestate": {"a=1"}}, "", "01", ""},
		"nothing":                     {nil, "", "01", ""},
		"an empty header":             {http.Header{"Traceparent": {""}}, "", "01", ""},
		"two headers":                 {http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01", "00-" + trace + "-" + parent + "-01"}}, "", "01", ""},
		"version ff":                  {http.Header{"Traceparent": {"ff-" + trace + "-" + parent + "-01"}}, "", "01", ""},
		"version 00 and more":         {http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01-more"}}, "", "01", ""},
		"capital letters":             {http.Header{"Traceparent": {"00-" + strings.ToUpper(trace) + "-" + parent + "-01"}}, "", "01", ""},
		"no hex":                      {http.Header{"Traceparent": {"00-" + strings.Repeat("g", 32) + "-" + parent + "-01"}}, "", "01", ""},
		"a trace of zeros":            {http.Header{"Traceparent": {"00-" + strings.Repeat("0", 32) + "-" + parent + "-01"}}, "", "01", ""},
		"a span of zeros":             {http.Header{"Traceparent": {"00-" + trace + "-" + strings.Repeat("0", 16) + "-01"}}, "", "01", ""},
		"no flags":                    {http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-"}}, "", "01", ""},
		"a megabyte":                  {http.Header{"Traceparent": {"00-" + strings.Repeat("a", 1<<20)}}, "", "01", ""},
		"line breaks":                 {http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01\r\nX: y"}}, "", "01", ""},
	} {
		t.Run(name, func(t *testing.T) {
			sent := outgoing(t, func(*otel.Config) {}, c.header)
			parts := strings.Split(sent.Get("Traceparent"), "-")
			if len(parts) != 4 || parts[3] != c.flags || parts[2] == parent || (parts[1] == trace) != (c.goesOn != "") {
				t.Errorf("traceparent is %q", sent.Get("Traceparent"))
			}
			if got := strings.Join(sent["Tracestate"], ","); got != c.state {
				t.Errorf("tracestate is %q, want %q", got, c.state)
			}
		})
	}
}

func TestWhatGoesOnByWhichPropagator(t *testing.T) {
	all := http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01"}, "Baggage": {"tenant=acme"}, "X-Amzn-Trace-Id": {xray}}
	for name, c := range map[string]struct {
		propagators []otel.Propagator
		want        []string
		trace       string
	}{
		"none":             {nil, nil, ""},
		"W3C's":            {[]otel.Propagator{otel.TraceContext}, []string{"Traceparent"}, trace},
		"W3C's and X-Ray":  {[]otel.Propagator{otel.TraceContext, otel.XRay}, []string{"Traceparent", "X-Amzn-Trace-Id"}, "5759e988bd862e3fe1be46a994272793"},
		"X-Ray and W3C's":  {[]otel.Propagator{otel.XRay, otel.TraceContext}, []string{"Traceparent", "X-Amzn-Trace-Id"}, trace},
		"all with baggage": {[]otel.Propagator{otel.XRay, otel.TraceContext, otel.Baggage}, []string{"Baggage", "Traceparent", "X-Amzn-Trace-Id"}, trace},
	} {
		t.Run(name, func(t *testing.T) {
			sent := outgoing(t, func(config *otel.Config) { config.Propagators = c.propagators }, all)
			if len(sent) != len(c.want) {
				t.Errorf("what goes on is %v, want %v", sent, c.want)
			}
			for _, header := range c.want {
				value := sent.Get(header)
				if header == "Baggage" && value != "tenant=acme" || header != "Baggage" && !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(value, "Root=1-", ""), "-", ""), c.trace) {
					t.Errorf("%s is %q, want trace %s in it", header, value, c.trace)
				}
			}
		})
	}
}

func TestWithoutTracesThoseOfOthersPassThrough(t *testing.T) {
	metricsAlone := func(config *otel.Config) { config.Traces = nil }
	header := http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01"}}
	if got := outgoing(t, metricsAlone, header).Get("Traceparent"); got != header.Get("Traceparent") {
		t.Errorf("traceparent is %q", got)
	}
	if got := outgoing(t, metricsAlone, nil); len(got) != 0 {
		t.Errorf("what goes on is %v", got)
	}
}

func TestLambdaSaysWhichTraceAnInvocationBelongsTo(t *testing.T) {
	config := newConfig(t, "http://collector.example")
	config.HTTPClient = &http.Client{Transport: &moody{}}
	config.Propagators = []otel.Propagator{otel.XRay}
	observer := start(t, config)
	//lint:ignore SA1029 aws-lambda-go has it so
	invocation := context.WithValue(context.Background(), "x-amzn-trace-id", xray)
	for name, header := range map[string]string{"alone": "", "against the header": "Root=1-11111111-222222222222222222222222;Parent=3333333333333333;Sampled=0"} {
		r, err := http.NewRequestWithContext(invocation, http.MethodGet, "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if header != "" {
			r.Header.Set("X-Amzn-Trace-Id", header)
		}
		ctx, end := observer.Request(r.Context(), requestOf(r))
		if got, _ := observer.Trace(ctx); got != "5759e988bd862e3fe1be46a994272793" {
			t.Errorf("%s: the trace is %q", name, got)
		}
		end(resultOf(200))
	}
}

func TestWhoDecidesWhatIsKept(t *testing.T) {
	kept := http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01"}}
	unkept := http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-00"}}
	for name, c := range map[string]struct {
		sampler           otel.Sampler
		root, kept, other bool
	}{
		"by default the caller, and all else is kept": {otel.Sampler{Ratio: 1, ParentBased: true}, true, true, false},
		"nothing, but what the caller wants":          {otel.Sampler{Ratio: 0, ParentBased: true}, false, true, false},
		"everything, whatever the caller says":        {otel.Sampler{Ratio: 1}, true, true, true},
		"nothing, whatever the caller says":           {otel.Sampler{Ratio: 0}, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			for header, want := range map[*http.Header]bool{{}: c.root, &kept: c.kept, &unkept: c.other} {
				sent := outgoing(t, func(config *otel.Config) { config.Sampler = c.sampler }, *header)
				if got := strings.HasSuffix(sent.Get("Traceparent"), "-01"); got != want {
					t.Errorf("with %v kept is %t, want %t", *header, got, want)
				}
			}
		})
	}
}

func TestARatioKeepsThatPart(t *testing.T) {
	config := newConfig(t, "http://collector.example")
	config.HTTPClient = &http.Client{Transport: &moody{}}
	config.Sampler = otel.Sampler{Ratio: 0.25}
	observer := start(t, config)
	kept := 0
	for range 4000 {
		serve(observer, nil, func(ctx context.Context) {
			sent := make(http.Header)
			observer.Outgoing(ctx, sent)
			if strings.HasSuffix(sent.Get("Traceparent"), "-01") {
				kept++
			}
		})
	}
	if kept < 800 || kept > 1200 { // seven standard deviations
		t.Errorf("%d of 4000 are kept", kept)
	}
}

func FuzzTraceparent(f *testing.F) {
	f.Add("00-"+trace+"-"+parent+"-01", "a=1", xray)
	f.Add("cc-"+trace+"-"+parent+"-01-", "", "Root=1-;Parent=;;=")
	config := newConfig(f, "http://collector.example")
	config.HTTPClient = &http.Client{Transport: &moody{}}
	config.Propagators = []otel.Propagator{otel.XRay, otel.Baggage, otel.TraceContext}
	observer := start(f, config)
	f.Fuzz(func(t *testing.T, traceparent, state, amazon string) {
		header := http.Header{"Traceparent": {traceparent}, "Tracestate": {state}, "Baggage": {state}, "X-Amzn-Trace-Id": {amazon}}
		serve(observer, header, func(ctx context.Context) {
			sent := make(http.Header)
			observer.Outgoing(ctx, sent)
			if got := sent.Get("Traceparent"); len(got) != 55 {
				t.Errorf("traceparent is %q", got)
			}
			for name, values := range sent {
				for _, value := range values {
					if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) || len(value) > 8192 {
						t.Errorf("%s is %q", name, value)
					}
				}
			}
		})
	})
}
