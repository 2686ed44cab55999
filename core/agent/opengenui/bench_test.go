package opengenui_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/opengenui"
	"github.com/copilotkit-go/runtime/core/agui"
)

// BenchmarkPage is a page of 1 MB whose arguments come in deltas of four bytes, and one
// of a quarter: its bytes should cost the same.
func BenchmarkPage(b *testing.B) {
	for name, size := range map[string]int{"256 KB": 256 << 10, "1 MB": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			deltas := []string{`{"html":"`}
			for range size / 4 {
				deltas = append(deltas, "<p>x")
			}
			drain(b, called(append(deltas, `"}`)...), size)
		})
	}
}

// BenchmarkText is a run without a page: what the extension costs then.
func BenchmarkText(b *testing.B) {
	events := make([]agui.Event, 10_000)
	for i := range events {
		events[i] = agui.TextMessageContentEvent{MessageID: "m", Delta: "word"}
	}
	b.Run("with", func(b *testing.B) { drain(b, events, len(events)) })
	b.Run("without", func(b *testing.B) { run(b, yielding(nil, events...), len(events)) })
}

func drain(b *testing.B, events []agui.Event, size int) {
	run(b, opengenui.New(opengenui.Config{}).Extend("a", yielding(nil, events...)), size)
}

func run(b *testing.B, a agent.Agent, size int) {
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range a.Run(b.Context(), &agui.RunAgentInput{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkOneDelta is a page that comes at once, as from a model that doesn't stream.
func BenchmarkOneDelta(b *testing.B) {
	drain(b, called(`{"html":"`+strings.Repeat("<p>x", 1<<18)+`"}`), 1<<20)
}

// BenchmarkRuntime is the whole of a run with a page of 1 MB in deltas of four bytes: to
// its client, and into the store.
func BenchmarkRuntime(b *testing.B) {
	deltas := []string{`{"html":"`}
	for range 1 << 18 {
		deltas = append(deltas, "<p>x")
	}
	artist := yielding(nil, called(append(deltas, `"}`)...)...)
	for name, extensions := range map[string][]agent.Extension{
		"with": {opengenui.New(opengenui.Config{})}, "without": nil,
	} {
		b.Run(name, func(b *testing.B) {
			runtime, err := core.New(core.Config{
				Agents: map[string]agent.Agent{"default": artist}, Extensions: extensions, Logger: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				b.Fatal(err)
			}
			defer runtime.Close()
			b.SetBytes(1 << 20)
			b.ReportAllocs()
			thread := 0
			for b.Loop() {
				thread++
				r := httptest.NewRequest("POST", "/agent/default/run", strings.NewReader(fmt.Sprintf(
					`{"threadId":"t%d","runId":"r","state":{},"messages":[],"tools":[],"context":[],"forwardedProps":{}}`, thread)))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				runtime.ServeHTTP(w, r)
				if !strings.HasSuffix(w.Body.String(), `{"type":"RUN_FINISHED","threadId":"t","runId":"r"}`+"\n\n") {
					b.Fatal(w.Body.String()[w.Body.Len()-200:])
				}
				b.ReportMetric(float64(w.Body.Len())/1e6, "MB-sent")
			}
		})
	}
}
