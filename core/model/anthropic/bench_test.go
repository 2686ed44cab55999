package anthropic_test

import (
	"net/http"
	"strings"
	"testing"
)

// BenchmarkDelta measures one event of an answer, from the bytes of the stream to the
// delta.
func BenchmarkDelta(b *testing.B) {
	for name, event := range map[string]string{
		"quick": `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" and so it goes"}}`,
		"whole": `{"index":0,"type":"content_block_delta","delta":{"type":"text_delta","text":" and so it goes"}}`,
	} {
		b.Run(name, func(b *testing.B) {
			const deltas = 10_000
			lines := events(start) + strings.Repeat("event: content_block_delta\n"+events(event), deltas) + events(ended("end_turn"), stop)
			n := &network{}
			m, request := n.model(b, "claude-x"), saying("Hi")
			b.ReportAllocs()
			for b.Loop() {
				n.answers, n.bodies, n.requests = []*http.Response{stream(lines)}, nil, nil
				for delta, err := range m.Stream(b.Context(), request) {
					if err != nil {
						b.Fatal(delta, err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/deltas, "ns/delta")
		})
	}
}
