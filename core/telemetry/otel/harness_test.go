package otel_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/telemetry"
	"github.com/copilotkit-go/runtime/core/telemetry/otel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newConfig returns a configuration for a collector at an address.
func newConfig(t testing.TB, address string) otel.Config {
	t.Helper()
	base, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return otel.Config{
		Traces:      &otel.Exporter{URL: base.JoinPath("/v1/traces"), Timeout: 10 * time.Second},
		Metrics:     &otel.Exporter{URL: base.JoinPath("/v1/metrics"), Timeout: 10 * time.Second},
		Resource:    map[string]string{"service.name": "test"},
		Sampler:     otel.Sampler{Ratio: 1, ParentBased: true},
		Propagators: []otel.Propagator{otel.TraceContext},
		// What exports is the end of a request, which takes as long as it takes.
		Freezes: true, FlushLimit: 10 * time.Second, AttributeLimit: 4096, QueueSize: 2048, BatchSize: 512,
		BatchDelay: 5 * time.Second, MetricInterval: time.Minute,
		Logger: slog.New(slog.DiscardHandler),
	}
}

// start starts telemetry that is closed when the test ends.
func start(t testing.TB, config otel.Config) *otel.Telemetry {
	t.Helper()
	started := otel.New(config)
	t.Cleanup(func() {
		if err := started.Close(); err != nil {
			t.Errorf("close telemetry: %v", err)
		}
	})
	return started
}

// begin begins a request with headers.
func begin(observer telemetry.Observer, header http.Header) (context.Context, func(telemetry.RequestResult)) {
	r := httptest.NewRequest(http.MethodPost, "/api/copilotkit/agent/default/run", nil)
	for name, values := range header {
		r.Header[name] = values
	}
	return observer.Request(telemetry.With(context.Background(), observer), telemetry.Request{Request: r, ID: "request-1"})
}

// serve serves a request, with something that happens in it.
func serve(observer telemetry.Observer, header http.Header, within func(context.Context)) {
	ctx, end := begin(observer, header)
	if within != nil {
		within(ctx)
	}
	end(telemetry.RequestResult{Route: "agent/run", Status: http.StatusOK})
}

// roundTripper is a collector without a network.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer returns an answer without a body.
func answer(status int) *http.Response {
	return &http.Response{StatusCode: status, Header: make(http.Header), Body: io.NopCloser(http.NoBody)}
}

func requestOf(r *http.Request) telemetry.Request { return telemetry.Request{Request: r} }

func resultOf(status int) telemetry.RequestResult { return telemetry.RequestResult{Status: status} }

func mustParse(address string) *url.URL {
	parsed, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return parsed
}
