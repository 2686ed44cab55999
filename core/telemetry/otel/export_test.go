package otel_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/telemetry"
	"github.com/copilotkit-go/runtime/core/telemetry/otel"
	"github.com/copilotkit-go/runtime/test/otlptest"
)

func TestWhatACollectorDoesWrongDoesNotHarm(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	for name, do := range map[string]http.HandlerFunc{
		"redirects to another host": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		},
		"redirects to itself": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"/more", http.StatusTemporaryRedirect)
		},
		"never ends its answer": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte{0}, 64<<10)); err != nil {
					return
				}
			}
		},
		"breaks off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"quotes what it gets": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, r.Header)
		},
		"has forgotten itself": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"sends a long header":  func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			collector := otlptest.New(t)
			collector.Answer = do
			var log bytes.Buffer
			config := newConfig(t, collector.URL)
			config.Logger = slog.New(slog.NewTextHandler(&log, nil))
			config.Traces.Header = http.Header{"Api-Key": {"a-secret-key"}}
			config.Metrics.Header = config.Traces.Header
			observer := start(t, config)
			began := time.Now()
			for range 20 {
				serve(observer, nil, nil)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("20 requests took %v", took)
			}
			text := log.String()
			if name != "never ends its answer" && strings.Count(text, "can't be exported") != 2 {
				t.Errorf("the log is\n%s", text)
			}
			if strings.Contains(text, "secret") {
				t.Errorf("the log shows the key:\n%s", text)
			}
		})
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

func TestAnExportHasTheHeadersAndTheForm(t *testing.T) {
	collector := otlptest.New(t)
	config := newConfig(t, collector.URL)
	config.Traces.Header = http.Header{"Api-Key": {"key"}}
	config.Traces.Gzip = true
	observer := start(t, config)
	serve(observer, nil, nil)
	found := false
	for _, header := range collector.Headers() {
		found = found || header.Get("Api-Key") == "key" && header.Get("Content-Encoding") == "gzip"
	}
	if !found {
		t.Errorf("the headers are %v", collector.Headers())
	}
	span := collector.Spans()[0]
	if span.Name != "POST agent/run" || len(span.ParentSpanId) != 0 || span.Kind.String() != "SPAN_KIND_SERVER" {
		t.Errorf("the span is %v", span)
	}
}

func TestACollectorWithACertificateOfItsOwn(t *testing.T) {
	collector := otlptest.New(t)
	server := httptest.NewTLSServer(collector)
	t.Cleanup(server.Close)
	certificate := filepath.Join(t.TempDir(), "ca.pem")
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(certificate, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	for trusted, want := range map[string]int{certificate: 1, "": 0} {
		config, errs := read(map[string]string{
			endpoint: server.URL, "OTEL_METRICS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_CERTIFICATE": trusted, "K_SERVICE": "svc",
		})
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		config.Logger = slog.New(slog.DiscardHandler)
		before := len(collector.Spans())
		observer := otel.New(*config)
		serve(observer, nil, nil)
		if err := observer.Close(); err != nil {
			t.Fatal(err)
		}
		if got := len(collector.Spans()) - before; got < want || want == 0 && got > 0 {
			t.Errorf("with the certificate %q %d spans have come", trusted, got)
		}
	}
}

func TestHostileTextsAreCutAndStayText(t *testing.T) {
	collector := otlptest.New(t)
	config := newConfig(t, collector.URL)
	config.Content = true
	observer := start(t, config)
	hostile := strings.Repeat("\xff\xfe€", 1<<20)
	serve(observer, http.Header{"User-Agent": {hostile}}, func(ctx context.Context) {
		ctx, ended := observer.Run(ctx, telemetry.Run{AgentID: hostile, ThreadID: hostile, RunID: hostile, Kind: "run", User: hostile})
		_, returned := observer.Tool(ctx, telemetry.ToolCall{Name: hostile, ID: hostile, Arguments: hostile})
		returned(telemetry.ToolResult{Result: hostile})
		_, stored := observer.Store(ctx, telemetry.StoreCall{Store: "redis", Method: "Begin", ThreadID: hostile})
		stored(errors.New(hostile))
		ended(telemetry.RunResult{Outcome: hostile, Code: hostile, FinishReason: hostile, Err: errors.New(hostile)})
	})
	spans := collector.Spans()
	if len(spans) != 4 {
		t.Fatalf("there are %d spans", len(spans))
	}
	for _, span := range spans {
		if size := len(span.String()); size > 200<<10 {
			t.Errorf("%.40s takes %d bytes", span.Name, size)
		}
		for key, value := range otlptest.Attributes(span.Attributes) {
			if text, ok := value.(string); ok && len(text) > 32<<10 {
				t.Errorf("%s has %d bytes", key, len(text))
			}
		}
	}
}

func TestACallOfTheStoreWithoutARequestMakesNoTrace(t *testing.T) {
	collector := otlptest.New(t)
	observer := start(t, newConfig(t, collector.URL))
	for _, frequent := range []bool{false, true} {
		for _, failure := range []error{nil, errors.New("away")} {
			_, ended := observer.Store(t.Context(), telemetry.StoreCall{Store: "redis", Method: "Threads", Frequent: frequent})
			ended(failure)
		}
	}
	serve(observer, nil, nil)
	if spans := collector.Spans(); len(spans) != 1 {
		t.Errorf("the spans are\n%s", otlptest.Tree(spans))
	}
	if lines := series(t, collector.Metrics()[0]); !strings.Contains(strings.Join(lines, "\n"), "error.type:_OTHER] 2") {
		t.Errorf("the metrics are %q", lines)
	}
}

func TestTenThousandRequestsAtOnce(t *testing.T) {
	collector := otlptest.New(t)
	config := newConfig(t, collector.URL)
	config.QueueSize, config.Freezes = 20_000, false
	observer := otel.New(config)
	done := make(chan struct{})
	for range 100 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 100 {
				serve(observer, nil, func(ctx context.Context) { observer.Count(ctx, telemetry.HitLimits, 1) })
			}
		}()
	}
	for range 100 {
		<-done
	}
	// An export whose answer comes too late is sent again.
	distinct := func() int {
		seen := make(map[string]bool)
		for _, span := range collector.Spans() {
			seen[string(span.SpanId)] = true
		}
		return len(seen)
	}
	// Whole batches come by themselves, however busy the machine is. For the rest Close has
	// three seconds.
	collector.Until(t, func() bool { return distinct() > 10_000-config.BatchSize })
	if err := observer.Close(); err != nil {
		t.Fatal(err)
	}
	if n := distinct(); n != 10_000 {
		t.Errorf("%d spans have come", n)
	}
}
