package reference

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

// TestTheRuntimeDoesWhatTheReferenceDoes plays the scenarios with this runtime, as the
// driver serves it.
func TestTheRuntimeDoesWhatTheReferenceDoes(t *testing.T) {
	driver := filepath.Join(t.TempDir(), "driver")
	if err := platformtest.Compile("../../..", driver, "./test/driver"); err != nil {
		t.Fatal(err)
	}
	Compare(t, func(t *testing.T, config Config) string { return startDriver(t, driver, config) }, differences)
}

// startDriver runs the driver, which prints its port.
func startDriver(t *testing.T, driver string, config Config) string {
	t.Helper()
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(driver)
	command.Env = []string{"CPK_CONFIG=" + string(encoded)}
	command.Stderr = log
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("start the driver: %v", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait() // some scenarios leave runs that can't end in good order
		_ = log.Close()
		if t.Failed() {
			written, _ := os.ReadFile(log.Name())
			t.Logf("the driver has written: %s", written)
		}
	})
	var listening struct{ Port int }
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &listening)
	}
	if err != nil {
		t.Fatalf("the driver has printed %q: %v", line, err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d/copilotkit", listening.Port)
}
