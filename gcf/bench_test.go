package gcf_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

func BenchmarkColdStart(b *testing.B) {
	program := build(b)
	platformtest.BenchmarkColdStart(b, platformtest.Artefact{Start: start}, program)
}

func BenchmarkRuns(b *testing.B) {
	build(b)
	platformtest.BenchmarkRuns(b, platformtest.Artefact{Start: start})
}
