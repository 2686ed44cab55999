package telemetry_test

import (
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/telemetry"
)

func TestLinesNameTheRequestThatTheyBelongTo(t *testing.T) {
	var log strings.Builder
	logger := slog.New(telemetry.LogHandler(slog.NewTextHandler(&log, nil), nil)).With("agent", "a")
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Request-Id", "r1")
	r.Header.Set("Traceparent", "00-"+traceID+"-"+spanID+"-01")
	logger.InfoContext(telemetry.Identified(r, nil).Context(), "hi", "b", 1)
	if want := ` msg=hi agent=a b=1 requestId=r1 traceId=` + traceID + ` spanId=` + spanID + "\n"; !strings.HasSuffix(log.String(), want) {
		t.Errorf("got %s, want …%s", &log, want)
	}
	log.Reset()
	logger.InfoContext(t.Context(), "hi")
	if !strings.HasSuffix(log.String(), " msg=hi agent=a\n") {
		t.Errorf("without a request: %s", &log)
	}
}

func TestAHandlerAddsOnce(t *testing.T) {
	handler := telemetry.LogHandler(slog.DiscardHandler, func(context.Context, *slog.Record) {})
	if again := telemetry.LogHandler(handler, nil); again != handler {
		t.Error("it was wrapped again")
	}
}

func TestALevelThatIsOffCostsNothing(t *testing.T) {
	logger := slog.New(telemetry.LogHandler(slog.NewJSONHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn}), nil))
	ctx := telemetry.Identified(httptest.NewRequest("GET", "/", nil), nil).Context()
	if n := testing.AllocsPerRun(100, func() { logger.InfoContext(ctx, "hi") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWithoutAnObserverNothingIsAllocated(t *testing.T) {
	ctx := t.Context()
	n := testing.AllocsPerRun(100, func() {
		_, end := telemetry.StartRun(ctx, telemetry.Run{})
		end(telemetry.RunResult{})
		telemetry.Count(ctx, telemetry.Followers, 1)
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}
