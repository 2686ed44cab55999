package platformtest

import (
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// coldStarts are what COPILOTKIT_AUTH and its variables may be when a process starts. A
// scheme whose keys are elsewhere must not ask for them before the first token comes.
var coldStarts = []struct {
	name string
	env  []string
	// header is that of the first request, and status its answer's.
	header http.Header
	status int
}{
	{"none", []string{"COPILOTKIT_AUTH=none"}, nil, http.StatusOK},
	{"session", []string{"COPILOTKIT_AUTH=session", "COPILOTKIT_PUBLIC_THREADS=off", "COPILOTKIT_SESSION_KEY=a key of thirty-two bytes or more"}, nil, http.StatusOK},
	{"token", []string{"COPILOTKIT_AUTH=token", "COPILOTKIT_PUBLIC_THREADS=off", "COPILOTKIT_AUTH_TOKENS=ann:token"}, http.Header{"Authorization": {"Bearer token"}}, http.StatusOK},
	{"oidc", []string{"COPILOTKIT_AUTH=oidc", "COPILOTKIT_PUBLIC_THREADS=off", "COPILOTKIT_OIDC_ISSUER=http://127.0.0.1:1/nobody", "COPILOTKIT_OIDC_AUDIENCE=copilotkit"}, nil, http.StatusUnauthorized},
}

// BenchmarkColdStart measures the time from the start of the process to the first
// answer to /info, with each way to know who calls, and reports the size of the deployed
// file.
func BenchmarkColdStart(b *testing.B, artefact Artefact, binaries ...string) {
	env := NewModel(b, "unused").Env()
	for _, start := range coldStarts {
		b.Run(start.name, func(b *testing.B) {
			var taken time.Duration
			for b.Loop() {
				started := time.Now()
				d := artefact.Start(b, append(slices.Clone(env), start.env...)) // the last of two values counts
				if got := d.Do(b, "GET", BasePath+"/info", "", start.header).Status; got != start.status {
					b.Fatalf("info has status %d: %s", got, d.Log)
				}
				taken += time.Since(started)
				d.Stop()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(taken.Seconds()*1000/float64(b.N), "ms/cold-start")
			b.ReportMetric(megabytes(b, binaries), "MB-binary")
		})
	}
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
