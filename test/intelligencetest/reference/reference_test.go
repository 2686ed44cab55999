package reference

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write what the reference does to testdata")

// TestTheReferenceDoesWhatIsRecorded also shows that the platform for tests takes what a
// real runtime sends.
func TestTheReferenceDoesWhatIsRecorded(t *testing.T) {
	start := startReference(t)
	if !*update {
		Compare(t, start, nil)
		return
	}
	all := make(map[string]Observation)
	for _, s := range scenarios {
		t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) { all[s.name] = observe(t, s, start) })
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(all); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/reference.json", buffer.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// referenceProcess is one process of Node.js with a runtime for each scenario.
type referenceProcess struct {
	input  io.Writer
	output *bufio.Reader
}

// startReference starts the reference, which ends with the test.
func startReference(t *testing.T) Start {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", "../../conformance/intelligence.mjs")
	command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CPK_") })
	var log bytes.Buffer
	command.Stderr = &log
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("start the reference: %v", err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		if err := command.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("the reference has ended: %v", err)
		}
		if t.Failed() {
			t.Logf("the reference has written: %s", log.String())
		}
	})
	process := &referenceProcess{input: input, output: bufio.NewReader(output)}
	return process.serve
}

// serve adds a runtime.
func (p *referenceProcess) serve(t *testing.T, config Config) string {
	t.Helper()
	if err := json.NewEncoder(p.input).Encode(config); err != nil {
		t.Fatalf("configure the reference: %v", err)
	}
	line, err := p.output.ReadBytes('\n')
	if err != nil {
		t.Fatalf("the reference has printed no port: %v", err)
	}
	var listening struct{ Port int }
	if err := json.Unmarshal(line, &listening); err != nil {
		t.Fatalf("the reference has printed %q: %v", line, err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d/copilotkit", listening.Port)
}
