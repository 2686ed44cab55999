package bedrock_test

import (
	"net/http"
	"strings"
	"testing"
)

// BenchmarkDelta measures one event of an answer, from the bytes of the stream to the
// delta.
func BenchmarkDelta(b *testing.B) {
	for name, event := range map[string]string{
		"quick": `{"contentBlockIndex":0,"delta":{"text":" and so it goes"},"p":"abcdefghijkl"}`,
		"whole": `{"delta":{"text":" and so it goes"},"contentBlockIndex":0,"p":"abcdefghijkl"}`,
	} {
		b.Run(name, func(b *testing.B) {
			const deltas = 10_000
			lines := strings.Repeat(text(event), deltas) + end
			n := &network{}
			m, request := n.model(b, "m"), saying("Hi")
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
