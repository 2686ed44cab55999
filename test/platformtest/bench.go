package platformtest

import (
	"net/http"
	"os"
	"sync"
	"testing"
	"time"
)

// BenchmarkColdStart measures the time from the start of the process to the first
// answer to /info, and reports the size of the deployed file.
func BenchmarkColdStart(b *testing.B, artefact Artefact, binaries ...string) {
	env := NewModel(b, "unused").Env()
	var taken time.Duration
	for b.Loop() {
		started := time.Now()
		d := artefact.Start(b, env)
		if got := d.Do(b, "GET", BasePath+"/info", "", nil).Status; got != http.StatusOK {
			b.Fatalf("info has status %d: %s", got, d.Log)
		}
		taken += time.Since(started)
		d.Stop()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(taken.Seconds()*1000/float64(b.N), "ms/cold-start")
	b.ReportMetric(megabytes(b, binaries), "MB-binary")
}

// BenchmarkRuns measures runs of 500 deltas, sixteen at a time.
func BenchmarkRuns(b *testing.B, artefact Artefact) {
	const deltas, atOnce = 500, 16
	answer := make([]byte, 0, deltas*6)
	for range deltas {
		answer = append(answer, "delta "...)
	}
	d := artefact.Start(b, NewModel(b, string(answer)).Env())
	run := 0
	for b.Loop() {
		var runs sync.WaitGroup
		for range atOnce {
			run++
			thread := "thread-" + time.Duration(run).String()
			runs.Go(func() {
				if got := count(d.StartRun(b, thread).Rest(b), "TEXT_MESSAGE_CONTENT"); got != deltas {
					b.Errorf("a run has %d deltas, want %d", got, deltas)
				}
			})
		}
		runs.Wait()
	}
	events := float64(b.N * atOnce * (deltas + 4)) // with the start and end of run and message
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
	d.Stop()
}

func megabytes(b *testing.B, files []string) float64 {
	var size int64
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			b.Fatal(err)
		}
		size += info.Size()
	}
	return float64(size) / 1e6
}
