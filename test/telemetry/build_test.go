package telemetry_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

func TestABuildTagLeavesTelemetryOut(t *testing.T) {
	t.Parallel()
	const folder = "github.com/copilotkit-go/runtime/core/telemetry/otel"
	for _, c := range []struct {
		tags string
		want bool
	}{{"lambda.norpc", true}, {"lambda.norpc,copilotkit_notelemetry", false}} {
		program := filepath.Join(t.TempDir(), "bootstrap")
		if err := platformtest.Compile("../..", program, "./lambda", "-tags="+c.tags); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(content, []byte(folder)); got != c.want {
			t.Errorf("with the tags %s the program has telemetry: %t, want %t", c.tags, got, c.want)
		}
		modules, err := exec.Command("go", "version", "-m", program).CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		for _, module := range []string{"go.opentelemetry.io", "google.golang.org/protobuf", "google.golang.org/grpc"} {
			if strings.Contains(string(modules), module) {
				t.Errorf("with the tags %s the program is linked with %s", c.tags, module)
			}
		}
	}
	deps, err := exec.Command("go", "list", "-deps", "-tags", "copilotkit_notelemetry", "../../core/bundle").CombinedOutput()
	if err != nil {
		t.Fatalf("list: %v\n%s", err, deps)
	}
	if strings.Contains(string(deps), folder) {
		t.Error("the bundle still imports telemetry")
	}
}
