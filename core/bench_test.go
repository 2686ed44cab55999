package core_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

const benchDeltas = 500

// BenchmarkRun measures a whole run of 500 deltas over a real connection, and beside
// it the lower bound: a handler that only writes and flushes 500 frames. Compare
// the ns/event of one with the other's from the same run.
func BenchmarkRun(b *testing.B) {
	answering := agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			if !yield(agui.TextMessageStartEvent{MessageID: "message-1", Role: agui.RoleAssistant}, nil) {
				return
			}
			for range benchDeltas {
				if !yield(agui.TextMessageContentEvent{MessageID: "message-1", Delta: "some words "}, nil) {
					return
				}
			}
			_ = yield(agui.TextMessageEndEvent{MessageID: "message-1"}, nil) &&
				yield(agui.RunFinishedEvent{ThreadID: "t", RunID: "r"}, nil)
		}
	})
	frame := []byte(frames(`{"type":"TEXT_MESSAGE_CONTENT","messageId":"message-1","delta":"some words "}`))
	relay := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		flusher := http.NewResponseController(w)
		for range benchDeltas {
			_, _ = w.Write(frame)
			_ = flusher.Flush()
		}
	})
	for _, bench := range []struct {
		name    string
		handler http.Handler
	}{
		{"runtime", newRuntime(b, core.Config{Agents: agents(answering)})},
		{"relay", relay},
	} {
		b.Run(bench.name, func(b *testing.B) {
			server := httptest.NewServer(bench.handler)
			defer server.Close()
			reader := bufio.NewReaderSize(nil, 64<<10)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				body := strings.Replace(input, "t1", fmt.Sprint("t", i), 1)
				response, err := http.Post(server.URL+"/agent/default/run", "application/json", strings.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				reader.Reset(response.Body)
				if n, err := io.Copy(io.Discard, reader); err != nil || n < benchDeltas*int64(len(frame)) {
					b.Fatalf("read %d bytes, %v", n, err)
				}
				response.Body.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchDeltas), "ns/event")
		})
	}
}

// BenchmarkHandlerRun measures the same run without a network: what the runtime itself
// costs per event.
func BenchmarkHandlerRun(b *testing.B) { benchmarkHandler(b, core.Config{}) }

// BenchmarkHandlerRunWithLimits is the same with all that limits add: the meter's calls,
// and an estimate of the tokens that nobody reports.
func BenchmarkHandlerRunWithLimits(b *testing.B) {
	benchmarkHandler(b, core.Config{Limits: core.Limits{ConcurrentRuns: 100, TokensPerDay: 1 << 50}})
}

func benchmarkHandler(b *testing.B, config core.Config) {
	event := agui.TextMessageContentEvent{MessageID: "message-1", Delta: "some words "}
	answering := agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			yield(agui.TextMessageStartEvent{MessageID: "message-1"}, nil)
			for range benchDeltas {
				yield(event, nil)
			}
			yield(agui.TextMessageEndEvent{MessageID: "message-1"}, nil)
			yield(agui.RunFinishedEvent{ThreadID: "t", RunID: "r"}, nil)
		}
	})
	config.Agents = agents(answering)
	handler := newRuntime(b, config)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		body := strings.Replace(input, "t1", fmt.Sprint("t", i), 1)
		handler.ServeHTTP(discard{http.Header{}}, request{method: "POST", path: "/agent/default/run", body: body}.build())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchDeltas), "ns/event")
}

// BenchmarkLargePrompt measures a run with a prompt of 4 MB, without a network.
func BenchmarkLargePrompt(b *testing.B) {
	const size = 4 << 20
	for _, bench := range []struct{ name, content string }{
		{"text", `"` + strings.Repeat(`A line of text that \"quotes\" and ends.\n`, size/42) + `"`},
		{"picture", `[{"type":"image","source":{"type":"data","mimeType":"image/png","value":"` + strings.Repeat("iVBORw0KGgoAAAAN", size/16) + `"}}]`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			answering := agent.Func(func(_ context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
				return func(yield func(agui.Event, error) bool) {
					yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID}, nil)
				}
			})
			handler := newRuntime(b, core.Config{Agents: agents(answering)})
			body := `{"threadId":"t","runId":"r","state":{},"messages":[{"id":"m","role":"user","content":` + bench.content + `}],"tools":[],"context":[],"forwardedProps":{}}`
			if answer := (request{method: "POST", path: "/agent/default/run", body: body}).to(handler); answer.Code != http.StatusOK {
				b.Fatalf("got %d %s", answer.Code, answer.Body)
			}
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				body := strings.Replace(body, `"t"`, fmt.Sprintf(`"t%d"`, i), 1)
				handler.ServeHTTP(discard{http.Header{}}, request{method: "POST", path: "/agent/default/run", body: body}.build())
			}
		})
	}
}

// discard is a ResponseWriter that keeps nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) WriteHeader(int)             {}
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) FlushError() error           { return nil }

// BenchmarkInfo measures what a front end asks first.
func BenchmarkInfo(b *testing.B) {
	handler := newRuntime(b, core.Config{BasePath: base})
	r := httptest.NewRequest("GET", base+"/info", nil)
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(discard{http.Header{}}, r)
	}
}
