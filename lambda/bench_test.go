package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/test/lambdaapi"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

func BenchmarkColdStart(b *testing.B) {
	program := bootstrap(b)
	platformtest.BenchmarkColdStart(b, platformtest.Artefact{
		Start: func(t testing.TB, env []string) *platformtest.Deployment {
			_, d := startBootstrap(t, doors[0], lambdaapi.Config{Env: env})
			return d
		},
	}, program)
}

// BenchmarkColdStartWithOIDC measures the same with an issuer, which nobody asks
// anything before a token comes.
func BenchmarkColdStartWithOIDC(b *testing.B) {
	var taken time.Duration
	for b.Loop() {
		started := time.Now()
		_, d := startBootstrap(b, doors[0], lambdaapi.Config{Env: []string{
			"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=oidc", "COPILOTKIT_OIDC_ISSUER=https://issuer.invalid", "COPILOTKIT_OIDC_AUDIENCE=copilot",
		}})
		if got := d.Do(b, "GET", platformtest.BasePath+"/info", "", nil).Status; got != http.StatusUnauthorized {
			b.Fatalf("info has status %d: %s", got, d.Log)
		}
		taken += time.Since(started)
		d.Stop()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(taken.Seconds()*1000/float64(b.N), "ms/cold-start")
}

// BenchmarkRuns plays all runs in one instance, as on Lambda Managed Instances.
func BenchmarkRuns(b *testing.B) {
	var function *lambdaapi.Function
	platformtest.BenchmarkRuns(b, platformtest.Artefact{
		Start: func(t testing.TB, env []string) (d *platformtest.Deployment) {
			function, d = startBootstrap(t, doors[0], lambdaapi.Config{Env: env, Concurrency: 16})
			return d
		},
	})
	instance := function.Instances()[0]
	b.ReportMetric(float64(instance.PeakMemory())/1e6, "MB-peak")
}
