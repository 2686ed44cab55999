package vercel_test

import (
	"path/filepath"
	"testing"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

func BenchmarkColdStart(b *testing.B) {
	function := filepath.Join(build(b), "functions", "go.func")
	platformtest.BenchmarkColdStart(b, platformtest.Artefact{Start: start},
		filepath.Join(function, "executable"), filepath.Join(function, "user-server"))
}

func BenchmarkRuns(b *testing.B) {
	build(b)
	platformtest.BenchmarkRuns(b, platformtest.Artefact{Start: start})
}
