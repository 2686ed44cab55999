package builtin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

// BenchmarkDelta measures what a delta of the model costs, from the provider's
// connection to the event: the client library, decoding, the event itself.
func BenchmarkDelta(b *testing.B) {
	const deltas = 500
	for _, bench := range []struct {
		name, delta string
		event       agui.EventType
	}{
		{"text", `"content":"token %d "`, agui.EventTypeTextMessageContent},
		{"escaped text", `"content":"token \n%d "`, agui.EventTypeTextMessageContent},
		{"reasoning", `"reasoning_content":"token %d "`, agui.EventTypeReasoningMessageContent},
		{"arguments", `"tool_calls":[{"index":0,"id":"c","function":{"name":"paint","arguments":"token %d "}}]`, agui.EventTypeToolCallArgs},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var answer strings.Builder
			for i := range deltas {
				fmt.Fprintf(&answer, `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{`+bench.delta+`},"logprobs":null,"finish_reason":null}]}`+"\n\n", i)
			}
			answer.WriteString(`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n")
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				w.Write([]byte(answer.String()))
			}))
			defer server.Close()
			a := provider{&agenttest.Provider{URL: server.URL}}.agent(b, builtin.Config{})
			input := agenttest.Saying("Hi")
			input.Tools = []agui.Tool{agenttest.PaintTool()}
			b.ReportAllocs()
			count := 0
			for b.Loop() {
				for event, err := range a.Run(b.Context(), input) {
					if err != nil {
						b.Fatal(err)
					}
					if event.EventType() == bench.event {
						count++
					}
				}
			}
			if count != b.N*deltas {
				b.Fatalf("%d deltas in %d runs", count, b.N)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(count), "ns/delta")
		})
	}
}
