package otel_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// benchRun lets an observer see a run with two steps and a tool, as all call sites do.
func benchRun(ctx context.Context) {
	tokens := int64(100)
	ctx, ended := telemetry.StartRun(ctx, telemetry.Run{AgentID: "default", ThreadID: "thread-1", RunID: "run-1", Kind: "run"})
	for range 2 {
		within, answered := telemetry.StartModel(ctx, telemetry.ModelCall{Provider: "openai", Model: "gpt-4o"})
		_ = within
		answered(telemetry.ModelResult{FirstToken: time.Second, Model: "gpt-4o", Usage: &agui.TokenUsage{InputTokens: &tokens}})
	}
	_, returned := telemetry.StartTool(ctx, telemetry.ToolCall{Name: "weather"})
	returned(telemetry.ToolResult{})
	for range 10 {
		_, appended := telemetry.StartStore(ctx, telemetry.StoreCall{Store: "redis", Method: "Append", Records: 10, Frequent: true})
		appended(nil)
	}
	ended(telemetry.RunResult{Outcome: "completed", FirstEvent: time.Second, Events: 200, Steps: 2})
}

func BenchmarkRun(b *testing.B) {
	b.Run("off", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			benchRun(b.Context())
		}
	})
	for name, ratio := range map[string]float64{"on": 1, "not sampled": 0} {
		b.Run(name, func(b *testing.B) {
			config := newConfig(b, "http://collector.example")
			config.Freezes, config.Sampler.Ratio = false, ratio
			config.HTTPClient = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
				return answer(http.StatusOK), nil
			})}
			observer := start(b, config)
			ctx := telemetry.With(b.Context(), observer)
			b.ReportAllocs()
			for b.Loop() {
				benchRun(ctx)
			}
		})
	}
}

func TestNothingIsAllocatedWhileTelemetryIsOff(t *testing.T) {
	ctx := t.Context()
	headers := make(http.Header)
	address := mustParse("https://model.example")
	if n := testing.AllocsPerRun(100, func() {
		_, ended := telemetry.StartRun(ctx, telemetry.Run{AgentID: "default"})
		_, answered := telemetry.StartModel(ctx, telemetry.ModelCall{Model: "gpt-4o"})
		_, returned := telemetry.StartTool(ctx, telemetry.ToolCall{Name: "weather"})
		_, stored := telemetry.StartStore(ctx, telemetry.StoreCall{Method: "Append"})
		_, called := telemetry.StartCall(ctx, telemetry.Call{URL: address}, headers)
		telemetry.Count(ctx, telemetry.Followers, 1)
		called(telemetry.CallResult{})
		stored(nil)
		returned(telemetry.ToolResult{})
		answered(telemetry.ModelResult{})
		ended(telemetry.RunResult{})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
