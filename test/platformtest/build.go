package platformtest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// builds are the programs that this test binary has built, by name.
var builds struct {
	mu   sync.Mutex
	dir  string
	done map[string]string
}

// Build calls make with a new folder and returns the folder. Later calls with the same
// name return it without calling make.
func Build(t testing.TB, name string, make func(dir string) error) (dir string) {
	t.Helper()
	builds.mu.Lock()
	defer builds.mu.Unlock()
	if dir, ok := builds.done[name]; ok {
		return dir
	}
	if builds.dir == "" {
		root, err := os.MkdirTemp("", "copilotkit-build-")
		if err != nil {
			t.Fatal(err)
		}
		builds.dir, builds.done = root, map[string]string{}
	}
	dir = filepath.Join(builds.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	if err := make(dir); err != nil {
		t.Fatalf("build %s: %v", name, err)
	}
	builds.done[name] = dir
	return dir
}

// ends is what AtEnd was given.
var ends struct {
	mu    sync.Mutex
	calls []func()
}

// AtEnd has Main call a function when all tests have ended, before those that it was given
// earlier.
func AtEnd(f func()) {
	ends.mu.Lock()
	defer ends.mu.Unlock()
	ends.calls = append(ends.calls, f)
}

// Main runs the tests of a package, for its TestMain. At the end it calls what AtEnd was
// given, removes the results of Build, and fails if a goroutine is left.
func Main(m *testing.M, options ...goleak.Option) { goleak.VerifyTestMain(tests{m}, options...) }

type tests struct{ *testing.M }

// Run runs the tests, and ends what all of them have shared.
func (t tests) Run() int {
	code := t.M.Run()
	for _, end := range slices.Backward(ends.calls) {
		end()
	}
	removeBuilds()
	http.DefaultClient.CloseIdleConnections()
	return code
}

func removeBuilds() {
	builds.mu.Lock()
	defer builds.mu.Unlock()
	_ = os.RemoveAll(builds.dir)
	builds.dir, builds.done = "", nil
}

// Command runs a program in a folder, with variables in addition to those of this
// process. Its error contains the output.
func Command(dir string, env []string, name string, arguments ...string) error {
	command := exec.Command(name, arguments...)
	command.Dir = dir
	command.Env = append(os.Environ(), env...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, arguments, err, output)
	}
	return nil
}
