package recipes

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

func startNode(t *testing.T) *platformtest.Deployment {
	t.Helper()
	return startAgent(t, behindAny, "node agent.mjs", "8001", freeport.Take(t))
}

func TestAnAgentWithoutALibraryWorksBehindTheRuntime(t *testing.T) {
	t.Parallel()
	runtime := startRuntime(t, withAgent(t, behindAny, startNode(t)))
	got := summary(say(t, runtime, "thread", `{}`, "good morning", nil))
	if want := "RUN_STARTED | You have said: good morning | RUN_FINISHED"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheScriptShowsARunAndItsReload(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  []string
		want string
	}{
		"without access":   {nil, ""},
		"with a token":     {[]string{"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:0123456789abcdef"}, "TOKEN=0123456789abcdef"},
		"with its session": {[]string{"COPILOTKIT_AUTH=session", "COPILOTKIT_SESSION_KEY=" + strings.Repeat("k", 32)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runtime := startRuntime(t, append(c.env, withAgent(t, behindAny, startNode(t)))...)
			output, err := try(t, append([]string{"RUNTIME=" + runtime.URL + base}, strings.Fields(c.want)...), "good", "morning")
			if err != nil {
				t.Fatalf("%v: %s\n%s", err, output, runtime.Log)
			}
			run, reload, found := strings.Cut(output, "# connect\n")
			if !found || !strings.Contains(run, `"delta":"morning"`) || !strings.Contains(reload, "morning") || !strings.Contains(reload, "RUN_FINISHED") {
				t.Errorf("it prints %s", output)
			}
		})
	}
}

func TestTheScriptFailsWhereTheRuntimeRefuses(t *testing.T) {
	t.Parallel()
	runtime := startRuntime(t, "COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:0123456789abcdef", withAgent(t, behindAny, startNode(t)))
	output, err := try(t, []string{"RUNTIME=" + runtime.URL + base}, "hello")
	if err == nil || !strings.Contains(output, "401") {
		t.Errorf("got %v: %s", err, output)
	}
	if output, err := try(t, nil, `"`); err == nil || !strings.Contains(output, "no quotes") {
		t.Errorf("got %v: %s", err, output)
	}
}

// try runs the script that people try a runtime with.
func try(t *testing.T, env []string, words ...string) (output string, err error) {
	t.Helper()
	script, err := filepath.Abs(behindAny + "/try.sh")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), script, words...)
	command.Env = append(os.Environ(), env...)
	printed, err := command.CombinedOutput()
	return string(printed), err
}
