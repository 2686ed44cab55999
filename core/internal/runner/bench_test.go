package runner_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// streaming is an agent that answers with n deltas.
func streaming(n int) agent.Agent {
	return agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			yield(start("message"), nil)
			for range n {
				if !yield(agui.TextMessageContentEvent{MessageID: "message", Delta: "some words "}, nil) {
					return
				}
			}
			yield(end("message"), nil)
			yield(finished(), nil)
		}
	})
}

func quiet() runner.Options {
	return runner.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// BenchmarkEvent is the cost of one event of a long run.
func BenchmarkEvent(b *testing.B) {
	r := runner.New(memory.New(memory.Limits{}), quiet())
	run, err := r.Begin(b.Context(), request(streaming(b.N), "run", "hi"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := run.Stream(b.Context(), runner.Each(func(event agui.Encoded) error {
		_, err := io.Discard.Write(event.Frame())
		return err
	})); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRun is the cost of a run of 500 deltas on a thread of its own.
func BenchmarkRun(b *testing.B) {
	for _, concurrent := range []int{1, 16, 1000} {
		b.Run(fmt.Sprint(concurrent, " at once"), func(b *testing.B) {
			r := runner.New(memory.New(memory.Limits{}), quiet())
			answer := streaming(500)
			var group sync.WaitGroup
			work := make(chan int)
			for range concurrent {
				group.Go(func() {
					for n := range work {
						request := request(answer, "run", "hi")
						request.Key.ID = fmt.Sprint(n)
						run, err := r.Begin(b.Context(), request)
						if err != nil {
							b.Error(err)
							return
						}
						if err := run.Stream(b.Context(), runner.Each(func(agui.Encoded) error { return nil })); err != nil {
							b.Error(err)
						}
					}
				})
			}
			b.ReportAllocs()
			b.ResetTimer()
			for n := range b.N {
				work <- n
			}
			close(work)
			group.Wait()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/504, "ns/event")
		})
	}
}
