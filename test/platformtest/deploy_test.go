package platformtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var deployments = []struct {
	script, cli string
	// arguments are some of the arguments that the CLI must be called with.
	arguments []string
}{
	{"deploy-lambda.sh", "sam", []string{"deploy", "--template-file template.yaml", "--capabilities CAPABILITY_IAM", "--resolve-s3"}},
	{"deploy-gcf.sh", "gcloud", []string{"functions deploy copilotkit", "--gen2", "--runtime=go126", "--source=.", "--entry-point=CopilotKit", "--trigger-http", "--timeout=3600"}},
	{"deploy-vercel.sh", "vercel", []string{"deploy --prod"}},
}

func TestDeployScriptsSayWhatIsMissing(t *testing.T) {
	for _, d := range deployments {
		t.Run(d.script, func(t *testing.T) {
			output, err := runScript(t, d.script, toolFolder(t, "dirname"))
			if err == nil || !strings.Contains(output, "("+d.cli+") is not installed") {
				t.Errorf("it ends with %v and says %q", err, output)
			}
		})
	}
}

func TestDeployScriptsCallThePlatformsOwnCLI(t *testing.T) {
	for _, d := range deployments {
		t.Run(d.script, func(t *testing.T) {
			folder := toolFolder(t, "dirname")
			for _, name := range []string{d.cli, "go"} {
				shim := "#!/bin/sh\necho " + name + " \"$@\"\n"
				if err := os.WriteFile(filepath.Join(folder, name), []byte(shim), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			output, err := runScript(t, d.script, folder, "--of-my-own")
			if err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			for _, want := range append(d.arguments, "--of-my-own") {
				if !strings.Contains(output, want) {
					t.Errorf("the CLI isn't called with %s: %s", want, output)
				}
			}
		})
	}
}

// toolFolder returns a folder that only has these programs, for PATH.
func toolFolder(t *testing.T, names ...string) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func runScript(t *testing.T, script, path string, arguments ...string) (string, error) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(bash, append([]string{filepath.Join("..", "..", "scripts", script)}, arguments...)...)
	command.Env = []string{"PATH=" + path}
	output, err := command.CombinedOutput()
	return string(output), err
}
