package dynamodb_test

import (
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store/storetest"
)

// BenchmarkRun measures what recording a run costs, also in DynamoDB's units: reads of
// 4 KB and writes of 1 KB, without those of the index, which are two for each Begin and
// Finish. Besides the loads of other stores it has a long answer at a model's pace.
func BenchmarkRun(b *testing.B) {
	loads := storetest.Loads()
	for i := range loads {
		loads[i].Gather = 250 * time.Millisecond
	}
	answer := storetest.Load{Name: "answer", Deltas: 500, Pause: 20 * time.Millisecond, Gather: 250 * time.Millisecond}
	eager, followed := answer, answer
	eager.Name, eager.Gather = "answer-gathered-for-25ms", 25*time.Millisecond
	followed.Name, followed.Followers = "answer-followed", 1
	for _, load := range append(loads, answer, eager, followed) {
		b.Run(load.Name, func(b *testing.B) {
			s := openAt(b, fresh(), server.Proxy)
			server.Take()
			storetest.Bench(b, s, load)
			counted := server.Take()
			b.ReportMetric(counted.Reads/float64(b.N), "reads/run")
			b.ReportMetric(counted.Writes/float64(b.N), "writes/run")
		})
	}
}

// BenchmarkThreads is what lists and changes of threads cost.
func BenchmarkThreads(b *testing.B) { storetest.BenchThreads(b, open(b, fresh())) }

func BenchmarkMeter(b *testing.B) {
	s := openAt(b, fresh(), server.Proxy)
	server.Take()
	storetest.BenchMeter(b, s)
	counted := server.Take()
	b.ReportMetric(counted.Reads/float64(b.N), "reads/run")
	b.ReportMetric(counted.Writes/float64(b.N), "writes/run")
}
