// Package otlptest is a collector for tests: it takes OTLP over HTTP and decodes it with
// OpenTelemetry's own module.
package otlptest

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	metricsv1 "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector takes traces at /v1/traces and metrics at /v1/metrics. It is safe for
// concurrent use.
type Collector struct {
	// URL is where it listens.
	URL string
	// Answer, unless nil, answers a request in its place. It is set before the first one.
	Answer http.HandlerFunc

	t       testing.TB
	mu      sync.Mutex
	changed chan struct{}
	spans   []*tracev1.ResourceSpans
	metrics []*metricsv1.ResourceMetrics
	headers []http.Header
}

// New returns a collector that listens until the test ends.
func New(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{t: t, changed: make(chan struct{})}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// ServeHTTP takes an export. One that can't be decoded fails the test.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.Answer != nil {
		c.Answer(w, r)
		return
	}
	if got := r.Header.Get("Content-Type"); got != "application/x-protobuf" {
		c.t.Errorf("the content type is %q", got)
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			c.t.Errorf("unzip an export: %v", err)
			return
		}
		body = unzipped
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return // who sends it has gone
	}
	// What is exported has the same form as what is kept in files.
	var spans tracev1.TracesData
	var metrics metricsv1.MetricsData
	switch r.URL.Path {
	case "/v1/traces":
		err = proto.UnmarshalOptions{DiscardUnknown: false}.Unmarshal(data, &spans)
	case "/v1/metrics":
		err = proto.Unmarshal(data, &metrics)
	default:
		err = fmt.Errorf("there is nothing at %s", r.URL.Path)
	}
	if err != nil {
		c.t.Errorf("decode an export: %v", err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans = append(c.spans, spans.ResourceSpans...)
	c.metrics = append(c.metrics, metrics.ResourceMetrics...)
	c.headers = append(c.headers, r.Header.Clone())
	close(c.changed)
	c.changed = make(chan struct{})
}

// Headers returns the headers of all exports.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.headers)
}

// Metrics returns all exports of metrics.
func (c *Collector) Metrics() []*metricsv1.ResourceMetrics {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.metrics)
}

// Resources returns the resources of all exports of traces.
func (c *Collector) Resources() (resources []map[string]any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, group := range c.spans {
		resources = append(resources, Attributes(group.GetResource().GetAttributes()))
	}
	return resources
}

// Spans returns the spans that have come.
func (c *Collector) Spans() (spans []*tracev1.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, group := range c.spans {
		for _, scope := range group.ScopeSpans {
			spans = append(spans, scope.Spans...)
		}
	}
	return spans
}

// patience is how long Await waits.
const patience = 30 * time.Second

// Until waits until what has come is enough.
func (c *Collector) Until(t testing.TB, enough func() bool) {
	t.Helper()
	late := time.After(patience)
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		if enough() {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("nothing more has come than:\n%s", Tree(c.Spans()))
		}
	}
}

// Await waits until there is a span with that name, and returns all spans.
func (c *Collector) Await(t testing.TB, name string) []*tracev1.Span {
	t.Helper()
	c.Until(t, func() bool {
		return slices.ContainsFunc(c.Spans(), func(s *tracev1.Span) bool { return s.Name == name })
	})
	return c.Spans()
}

// Attributes returns attributes by name: string, bool, int64, float64 or []string.
func Attributes(list []*commonv1.KeyValue) map[string]any {
	attributes := make(map[string]any, len(list))
	for _, pair := range list {
		if _, twice := attributes[pair.Key]; twice {
			attributes["twice"] = pair.Key
		}
		switch value := pair.GetValue().GetValue().(type) {
		case *commonv1.AnyValue_StringValue:
			attributes[pair.Key] = value.StringValue
		case *commonv1.AnyValue_BoolValue:
			attributes[pair.Key] = value.BoolValue
		case *commonv1.AnyValue_IntValue:
			attributes[pair.Key] = value.IntValue
		case *commonv1.AnyValue_DoubleValue:
			attributes[pair.Key] = value.DoubleValue
		case *commonv1.AnyValue_ArrayValue:
			texts := []string{}
			for _, item := range value.ArrayValue.Values {
				texts = append(texts, item.GetStringValue())
			}
			attributes[pair.Key] = texts
		default:
			attributes[pair.Key] = nil
		}
	}
	return attributes
}

// Tree returns the names of spans in lines, indented below their parents, in the order in
// which they began.
func Tree(spans []*tracev1.Span) string {
	byParent := make(map[string][]*tracev1.Span)
	known := make(map[string]bool)
	for _, span := range spans {
		known[string(span.SpanId)] = true
	}
	for _, span := range spans {
		parent := string(span.ParentSpanId)
		if !known[parent] {
			parent = ""
		}
		byParent[parent] = append(byParent[parent], span)
	}
	var tree strings.Builder
	var write func(parent, indent string)
	write = func(parent, indent string) {
		children := byParent[parent]
		slices.SortStableFunc(children, func(a, b *tracev1.Span) int {
			return int(int64(a.StartTimeUnixNano) - int64(b.StartTimeUnixNano))
		})
		for _, span := range children {
			fmt.Fprintf(&tree, "%s%s\n", indent, span.Name)
			write(string(span.SpanId), indent+"  ")
		}
	}
	write("", "")
	return tree.String()
}
