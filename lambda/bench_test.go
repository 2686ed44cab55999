package main

import (
	"testing"

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
