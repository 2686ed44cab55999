package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/copilotkit-go/runtime/test/lambdaapi"
	"github.com/copilotkit-go/runtime/test/otlptest"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

func playRun(t *testing.T, d *platformtest.Deployment, thread string) {
	t.Helper()
	header := http.Header{"Content-Type": {"application/json"}}
	answer := d.Do(t, "POST", platformtest.BasePath+"/agent/default/run", platformtest.RunInput(thread, "hi"), header)
	if answer.Status != http.StatusOK || !strings.Contains(string(answer.Body), "RUN_FINISHED") {
		t.Fatalf("the run answers %d %s", answer.Status, answer.Body)
	}
}

func TestTelemetryOfARunArrivesBeforeTheInstanceIsFrozen(t *testing.T) {
	t.Parallel()
	for _, door := range waitingDoors {
		t.Run(door.name, func(t *testing.T) {
			t.Parallel()
			collector := otlptest.New(t)
			env := []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none", "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL}
			function, d := startBootstrap(t, door, lambdaapi.Config{Env: env})
			for n, thread := range []string{"thread-1", "thread-2"} {
				playRun(t, d, thread)
				function.Instances()[0].AwaitFrozen(t.Context())
				// Nothing is waited for: what isn't there now doesn't come.
				spans := collector.Spans()
				for _, name := range []string{"POST agent/run", "invoke_agent default", "chat demo"} {
					named := slices.DeleteFunc(slices.Clone(spans), func(s *tracev1.Span) bool { return s.Name != name })
					if len(named) < n+1 {
						t.Errorf("after run %d the spans are\n%s", n+1, otlptest.Tree(spans))
					}
				}
				if len(collector.Metrics()) < n+1 {
					t.Errorf("after run %d there were %d exports of metrics", n+1, len(collector.Metrics()))
				}
			}
			resource := collector.Resources()[0]
			if resource["faas.name"] != "copilotkit" || resource["cloud.platform"] != "aws_lambda" || resource["service.name"] != "copilotkit" {
				t.Errorf("the resource is %v", resource)
			}
		})
	}
}

func TestACollectorThatHangsCostsHardlyAnything(t *testing.T) {
	t.Parallel()
	var exports atomic.Int64
	gone := make(chan struct{})
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		exports.Add(1)
		select {
		case <-r.Context().Done():
		case <-gone:
		}
	}))
	t.Cleanup(collector.Close)
	t.Cleanup(func() { close(gone) })
	env := []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none", "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL}
	function, d := startBootstrap(t, doors[0], lambdaapi.Config{Env: env})
	begun := time.Now()
	for _, thread := range []string{"a", "b", "c", "d"} {
		playRun(t, d, thread)
	}
	took := time.Since(begun)
	// With each request's own 200 milliseconds there would be an export each.
	if n := exports.Load(); took < 4*time.Second && n > 2 {
		t.Errorf("the collector that hangs was tried %d times", n)
	}
	function.Close()                                                                   // so that the log is whole
	if log := d.Log.String(); strings.Count(log, "telemetry can't be exported") != 2 { // once per signal
		t.Errorf("the log is\n%s", log)
	}
}
