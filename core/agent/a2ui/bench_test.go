package a2ui_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/a2ui"
	"github.com/copilotkit-go/runtime/core/agui"
)

// BenchmarkArguments measures what it costs to draw while arguments stream in deltas of
// four bytes, and beside it to parse all that has come with each delta, as the reference
// does it, for arguments that are small enough. Compare the ns/byte.
func BenchmarkArguments(b *testing.B) {
	for _, size := range []int{4 << 10, 16 << 10, 1 << 20} {
		deltas := split(list(size), 4)
		events := call("c", "render_a2ui", deltas...)
		x := newExtension(b, own)
		b.Run(fmt.Sprintf("scan/%dKiB", size>>10), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for range x.Middleware(answering(events, nil)).Run(b.Context(), &agui.RunAgentInput{}) {
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/byte")
		})
		if size > 16<<10 {
			continue
		}
		b.Run(fmt.Sprintf("reparse/%dKiB", size>>10), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				prefix := ""
				for _, delta := range deltas {
					prefix += delta
					decoder := json.NewDecoder(strings.NewReader(prefix))
					for {
						if _, err := decoder.Token(); err != nil {
							break
						}
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/byte")
		})
	}
}

// BenchmarkOtherRuns measures a run that draws nothing: with surfaces on demand, which
// are there by default, with surfaces, and without any.
func BenchmarkOtherRuns(b *testing.B) {
	events := make([]agui.Event, 1, 502)
	events[0] = agui.TextMessageStartEvent{MessageID: "m"}
	for range 500 {
		events = append(events, agui.TextMessageContentEvent{MessageID: "m", Delta: "some words "})
	}
	events = append(events, agui.TextMessageEndEvent{MessageID: "m"})
	plain := answering(events, nil)
	onDemand, always := own, own
	onDemand.OnDemand = true
	input := &agui.RunAgentInput{ForwardedProps: json.RawMessage(`{"a":1}`)}
	b.Run("without", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for range plain.Run(b.Context(), input) {
			}
		}
	})
	for _, x := range []struct {
		name string
		*a2ui.Extension
	}{{"on demand", newExtension(b, onDemand)}, {"with", newExtension(b, always)}} {
		b.Run(x.name, func(b *testing.B) {
			b.ReportAllocs()
			wrapped := x.Extend("default", plain)
			for b.Loop() {
				for range wrapped.Run(b.Context(), input) {
				}
			}
		})
	}
}
