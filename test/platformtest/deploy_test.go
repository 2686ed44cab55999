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
	// auth are arguments of the script, each of which says who may call, and noAuth some
	// that don't.
	auth, noAuth []string
}{
	{"deploy-lambda.sh", "sam", []string{"deploy", "--template-file template.yaml", "--capabilities CAPABILITY_IAM", "--resolve-s3"},
		[]string{"--parameter-overrides Auth=token AuthTokens=ann:x", "--parameter-overrides Model=demo Auth=none", "--parameter-overrides ParameterKey=Auth,ParameterValue=none", "--guided", "--config-file mine.toml"},
		[]string{"", "--parameter-overrides FunctionUrlAuth=NONE", "--parameter-overrides AuthTokens=ann:x"}},
	{"deploy-gcf.sh", "gcloud", []string{"functions deploy copilotkit", "--gen2", "--runtime=go126", "--source=.", "--entry-point=CopilotKit", "--trigger-http", "--timeout=3600"},
		[]string{"--set-env-vars=COPILOTKIT_AUTH=session", "--update-env-vars COPILOTKIT_MODEL=demo,COPILOTKIT_AUTH=none", "--set-env-vars=^@^COPILOTKIT_AUTH=token@A=b", "--env-vars-file=mine.yaml"},
		[]string{"", "--set-secrets=COPILOTKIT_AUTH_TOKENS=tokens:latest", "--set-env-vars=MY_COPILOTKIT_AUTH=none"}},
	{"deploy-vercel.sh", "vercel", []string{"deploy --prod"},
		[]string{"--env COPILOTKIT_AUTH=none", "--env=COPILOTKIT_AUTH=none"},
		[]string{"", "--env COPILOTKIT_AUTH_TOKENS=ann:x"}},
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
		for _, auth := range d.auth {
			t.Run(d.script+" "+auth, func(t *testing.T) {
				arguments := append(strings.Fields(auth), "--of-my-own")
				output, err := runScript(t, d.script, shims(t, d.cli), arguments...)
				if err != nil {
					t.Fatalf("%v: %s", err, output)
				}
				for _, want := range append(d.arguments, strings.Join(arguments, " ")) {
					if !strings.Contains(output, want) {
						t.Errorf("the CLI isn't called with %s: %s", want, output)
					}
				}
			})
		}
	}
}

func TestDeployScriptsRefuseBeforeAnythingIsDeployedIfNobodyHasSaidWhoMayCall(t *testing.T) {
	for _, d := range deployments {
		for _, noAuth := range d.noAuth {
			t.Run(d.script+" "+noAuth, func(t *testing.T) {
				output, err := runScript(t, d.script, shims(t, d.cli), strings.Fields(noAuth)...)
				if err == nil || strings.Contains(output, d.cli+" deploy") || strings.Contains(output, d.cli+" functions") || strings.Contains(output, "go run") {
					t.Errorf("it ends with %v and says %s", err, output)
				}
				for _, want := range []string{"nothing was deployed", "COPILOTKIT_AUTH", "session ", "token ", "oidc ", "platform ", "none ", "openssl rand -hex 32", "make " + strings.TrimSuffix(d.script, ".sh")} {
					if !strings.Contains(output, want) {
						t.Errorf("it doesn't say %s: %s", want, output)
					}
				}
			})
		}
	}
}

func TestVercelsOwnVariablesMaySayWhoMayCall(t *testing.T) {
	for variables, fine := range map[string]bool{
		" OPENAI_API_KEY   Encrypted   Production\n COPILOTKIT_AUTH   Encrypted   Production": true,
		" COPILOTKIT_AUTH_TOKENS   Encrypted   Production":                                    false,
		" NO_COPILOTKIT_AUTH   Encrypted   Production":                                        false,
	} {
		folder := shims(t, "vercel")
		write(t, filepath.Join(folder, "vercel"), "#!/bin/sh\nif [ \"$1\" = env ]; then echo '"+variables+"'; else echo vercel \"$@\"; fi\n")
		output, err := runScript(t, "deploy-vercel.sh", folder)
		if (err == nil) != fine || strings.Contains(output, "vercel deploy --prod") != fine {
			t.Errorf("with %s it ends with %v and says %s", variables, err, output)
		}
	}
}

// shims returns a folder for PATH in which a CLI and Go say what they are called with.
func shims(t *testing.T, cli string) string {
	t.Helper()
	folder := toolFolder(t, "dirname")
	for _, name := range []string{cli, "go"} {
		write(t, filepath.Join(folder, name), "#!/bin/sh\necho "+name+" \"$@\"\n")
	}
	return folder
}

func write(t *testing.T, file, program string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(program), 0o755); err != nil {
		t.Fatal(err)
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
