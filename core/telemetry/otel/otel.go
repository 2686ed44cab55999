// Package otel makes OpenTelemetry's traces and metrics of what the runtime says about
// its work, and exports them by OTLP over HTTP, or to Prometheus. [Read] reads the
// standard's environment variables.
//
// Names are those of the semantic conventions, version 1.41. A request's span holds that
// of its run (invoke_agent), which holds those of the calls of models (chat), of tools
// (execute_tool), of the store, and of other servers.
//
// A span is encoded when it ends, and nothing else is kept of it. On a platform that
// freezes an instance between requests the last request under way exports what there is
// before its answer ends; elsewhere a goroutine exports in batches. A collector that
// fails is left alone for a while, and what waits for it is bounded.
//
// OpenTelemetry's own SDK and exporters would add 17 megabytes to a program, and the SDK
// alone one and a half; this is a tenth of that. A program that has the SDK already can
// implement [telemetry.Observer] with it.
package otel

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/copilotkit-go/runtime/core/telemetry"
)

// Config describes a [Telemetry]. [Read] makes one.
type Config struct {
	// Traces and Metrics are where these go, nil for nowhere.
	Traces, Metrics *Exporter
	// Prometheus is the address, host:port, at which whoever makes a [Telemetry] is to serve
	// its PrometheusHandler; "" for none.
	Prometheus string
	// Resource says what this process is. It has service.name at least.
	Resource map[string]string
	// Sampler decides which traces are kept.
	Sampler Sampler
	// Propagators are the forms in which traces come in and go on.
	Propagators []Propagator
	// Content adds prompts, answers, and what tools are given and return to spans.
	Content bool
	// Delta exports what metrics have come to since the last export, instead of since the
	// beginning.
	Delta bool
	// AttributeLimit is how long a span's text may be, in bytes; the rest is cut off.
	AttributeLimit int
	// QueueSize is how many spans may wait, BatchSize how many are sent at once, and
	// BatchDelay how long they wait for more.
	QueueSize, BatchSize int
	BatchDelay           time.Duration
	// MetricInterval is how often metrics are exported.
	MetricInterval time.Duration
	// Freezes is set where an instance stands still between requests: then nothing is
	// exported in the background, but before the answers end.
	Freezes bool
	// FlushLimit is what a collector can cost a request where instances freeze: once, since
	// one that is too slow then is left alone. Defaults to 200 milliseconds.
	FlushLimit time.Duration

	// HTTPClient makes the requests. Defaults to one of its own.
	HTTPClient *http.Client
	// Logger is told when a collector begins and ceases to fail. Defaults to
	// [slog.Default].
	Logger *slog.Logger
}

// Telemetry is an [telemetry.Observer] that exports what it is told. Close ends it.
type Telemetry struct {
	config   Config
	metrics  *metrics
	traces   *spanQueue
	lanes    []*lane
	resource []byte
	started  time.Time
	// timedIDs is set if the ids of traces begin with the time.
	timedIDs bool
	// served is set by the first request.
	served atomic.Bool
	// live is how many requests are under way, and flushed when one exported last.
	live    atomic.Int64
	flushed atomic.Int64

	// stop ends the goroutine in the background, and cut what it is exporting; idle is
	// closed when it has ended.
	stop, cut context.CancelFunc
	idle      chan struct{}
	close     func()
}

var _ telemetry.Observer = (*Telemetry)(nil)

// New returns telemetry that is under way. Close it after use.
func New(config Config) *Telemetry {
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.FlushLimit == 0 {
		config.FlushLimit = 200 * time.Millisecond
	}
	t := &Telemetry{config: config, metrics: newMetrics(), started: time.Now(), idle: make(chan struct{})}
	t.resource = encodeResource(config.Resource)
	for _, propagator := range config.Propagators {
		t.timedIDs = t.timedIDs || propagator == XRay
	}
	t.traces = &spanQueue{
		maxSpans: config.QueueSize, batch: config.BatchSize, full: make(chan struct{}, 1), frame: t.frameSpans,
		dropped: func(n int) { t.metrics.droppedSpans.record(float64(n)) },
	}
	if config.Traces != nil {
		t.addLane("traces", config.Traces, t.traces.next)
	}
	if config.Metrics != nil {
		t.addLane("metrics", config.Metrics, t.nextMetrics)
	}
	t.close = sync.OnceFunc(t.closeOnce)
	working, stop := context.WithCancel(context.Background())
	exports, cut := context.WithCancel(context.Background())
	t.stop, t.cut = stop, cut
	if config.Freezes || len(t.lanes) == 0 {
		close(t.idle)
		return t
	}
	go t.work(working, exports)
	return t
}

func (t *Telemetry) addLane(signal string, exporter *Exporter, next func(bool) ([]byte, func(error))) {
	attributes := []attribute{text("copilotkit.telemetry.signal", signal)}
	t.lanes = append(t.lanes, &lane{
		signal: signal, sender: newSender(exporter, t.config.HTTPClient), logger: t.config.Logger,
		busy: make(chan struct{}, 1), next: next,
		failed: func() { t.metrics.failedExports.record(1, attributes...) },
	})
}

// closeGrace is how long Close exports what is left.
const closeGrace = 3 * time.Second

// Close exports what is left, as far as that can be done within three seconds, and ends
// everything. What is told afterwards is lost. Closing again does nothing.
func (t *Telemetry) Close() error {
	t.close()
	return nil
}

func (t *Telemetry) closeOnce() {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	defer context.AfterFunc(ctx, t.cut)()
	t.stop()
	<-t.idle
	for _, l := range t.lanes {
		l.breaker.reset() // the last chance
	}
	t.exportAll(ctx)
	t.cut()
	for _, l := range t.lanes {
		l.sender.close()
	}
}

// nextMetrics returns an export of all metrics, once until it is told what came of it.
func (t *Telemetry) nextMetrics(force bool) ([]byte, func(error)) {
	encoded, took := t.metrics.encode(t.started, t.config.Delta)
	return t.frame(encoded), func(err error) {
		if err != nil {
			took.putBack()
		}
	}
}

// frameSpans returns an export of spans.
func (t *Telemetry) frameSpans(spans [][]byte) []byte {
	size := 0
	for _, span := range spans {
		size += len(span) + 6
	}
	encoded := make([]byte, 0, size)
	for _, span := range spans {
		encoded = appendBytes(encoded, 2, span)
	}
	return t.frame(encoded)
}

const (
	scopeName = "github.com/copilotkit-go/runtime"
	schemaURL = "https://opentelemetry.io/schemas/1.41.0"
)

// frame returns an export of what is encoded, which has the same form for all signals:
// what it is of, who has made it, and the rest.
func (t *Telemetry) frame(encoded []byte) []byte {
	return appendMessage(nil, 1, func(b []byte) []byte {
		b = appendBytes(b, 1, t.resource)
		b = appendMessage(b, 2, func(b []byte) []byte {
			b = appendMessage(b, 1, func(b []byte) []byte { return appendBytes(b, 1, scopeName) })
			b = append(b, encoded...)
			return appendBytes(b, 3, schemaURL)
		})
		return appendBytes(b, 3, schemaURL)
	})
}

func encodeResource(resource map[string]string) []byte {
	var b []byte
	for _, key := range sortedKeys(resource) {
		a := text(key, cut(resource[key], defaultAttributeLimit))
		b = appendAttribute(b, 1, &a)
	}
	return b
}
