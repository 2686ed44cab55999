package platformtest_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var deployments = []struct {
	script, cli string
	// options is the file with the options that the CLI's command takes, and command the
	// command with its positional arguments.
	options, command string
	// arguments are some of the arguments that the CLI must be called with.
	arguments []string
	// auth are arguments of the script, each of which says who may call, and noAuth some
	// that don't.
	auth, noAuth []string
}{
	{"deploy-lambda.sh", "sam", "sam-deploy.txt", "deploy",
		[]string{"--template-file template.yaml", "--stack-name copilotkit", "--capabilities CAPABILITY_IAM", "--resolve-s3"},
		[]string{"--parameter-overrides Auth=token AuthTokens=ann:x", "--parameter-overrides Model=demo Auth=none", "--parameter-overrides ParameterKey=Auth,ParameterValue=none", "--guided", "--config-file mine.toml"},
		[]string{"", "--parameter-overrides FunctionUrlAuth=NONE", "--parameter-overrides AuthTokens=ann:x"}},
	{"deploy-gcf.sh", "gcloud", "gcloud-run-deploy.txt", "run deploy copilotkit",
		[]string{"--source=.", "--function=CopilotKit", "--base-image=go126", "--region=europe-west1", "--max-instances=10", "--timeout=3600", "=CLOUD_RUN_TIMEOUT_SECONDS=3600,GOMEMLIMIT=192MiB"},
		[]string{"--set-env-vars=COPILOTKIT_AUTH=session", "--update-env-vars COPILOTKIT_MODEL=demo,COPILOTKIT_AUTH=none", "--set-env-vars=^@^COPILOTKIT_AUTH=token@A=b"},
		[]string{"", "--set-secrets=COPILOTKIT_AUTH_TOKENS=tokens:latest", "--set-env-vars=MY_COPILOTKIT_AUTH=none", "--update-env-vars=A=COPILOTKIT_AUTH=none"}},
	{"deploy-vercel.sh", "vercel", "vercel-deploy.txt", "deploy",
		[]string{"--prod"},
		[]string{"--env COPILOTKIT_AUTH=none", "--env=COPILOTKIT_AUTH=none"},
		[]string{"", "--env COPILOTKIT_AUTH_TOKENS=ann:x"}},
}

func TestDeployScriptsSayWhatIsMissing(t *testing.T) {
	for _, d := range deployments {
		t.Run(d.script, func(t *testing.T) {
			output, err := runScript(t, d.script, toolFolder(t, "dirname"), nil)
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
				folder := shims(t, d.cli)
				arguments := strings.Fields(auth)
				output, err := runScript(t, d.script, folder, region, arguments...)
				if err != nil {
					t.Fatalf("%v: %s", err, output)
				}
				calls := called(t, folder, d.cli)
				call := calls[len(calls)-1]
				joined := strings.Join(call, " ")
				for _, want := range append(d.arguments, auth) {
					if !strings.Contains(joined, want) {
						t.Errorf("the CLI isn't called with %s: %s", want, joined)
					}
				}
				checkArguments(t, d.options, d.command, call)
				if !strings.Contains(output, "docs/before-real-users.md") {
					t.Errorf("it doesn't say what is left to do: %s", output)
				}
			})
		}
	}
}

func TestDeployScriptsOnlySayWhatTheyWouldDo(t *testing.T) {
	for _, d := range deployments {
		t.Run(d.script, func(t *testing.T) {
			folder := toolFolder(t, "dirname") // neither the CLI nor Go is needed
			output, err := runScript(t, d.script, folder, append(region, "DRY_RUN=1"), strings.Fields(d.auth[0])...)
			if err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			if !strings.Contains(output, d.cli+" "+d.command) {
				t.Errorf("it says %s", output)
			}
		})
	}
	t.Run("without secrets", func(t *testing.T) {
		for script, arguments := range map[string][]string{
			"deploy-lambda.sh": {"--parameter-overrides", "Auth=token", "AuthTokens=ann:hunter2,bob:hunter2", "OpenAiApiKey=hunter2", "IntelligenceApiKey=hunter2", "RedisUrl=redis://:hunter2@r"},
			"deploy-gcf.sh":    {"--set-env-vars=COPILOTKIT_AUTH=token,COPILOTKIT_AUTH_TOKENS=hunter2", "--set-env-vars=CPK_INTELLIGENCE_API_KEY=hunter2", "--set-env-vars=OTEL_EXPORTER_OTLP_HEADERS=authorization=hunter2", "--set-env-vars", "^@^OPENAI_API_KEY=hunter2@COPILOTKIT_STORE=hunter2"},
			"deploy-vercel.sh": {"--env", "COPILOTKIT_SESSION_KEY=hunter2", "--env=COPILOTKIT_MCP_SERVERS=hunter2", "--env=COPILOTKIT_MCP_APPS=hunter2", "--token=hunter2", "--token", "hunter2"},
		} {
			output, err := runScript(t, script, toolFolder(t, "dirname"), append(region, "DRY_RUN=1"), arguments...)
			if err != nil || strings.Contains(output, "hunter2") || !strings.Contains(output, "=...") {
				t.Errorf("%s ends with %v and says %s", script, err, output)
			}
		}
	})
}

func TestDeployScriptsRefuseBeforeAnythingIsDeployedIfNobodyHasSaidWhoMayCall(t *testing.T) {
	for _, d := range deployments {
		for _, noAuth := range d.noAuth {
			t.Run(d.script+" "+noAuth, func(t *testing.T) {
				folder := shims(t, d.cli)
				output, err := runScript(t, d.script, folder, region, strings.Fields(noAuth)...)
				for _, call := range slices.Concat(called(t, folder, d.cli), called(t, folder, "go")) {
					if call[0] != "env" {
						t.Errorf("it runs %q", call)
					}
				}
				if err == nil {
					t.Errorf("it says %s", output)
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
		output, err := runScript(t, "deploy-vercel.sh", folder, nil)
		if (err == nil) != fine || strings.Contains(output, "vercel deploy --prod") != fine {
			t.Errorf("with %s it ends with %v and says %s", variables, err, output)
		}
	}
}

func TestVercelIsRefusedARunThatGoesOn(t *testing.T) {
	for name, test := range map[string]struct{ variables, arguments string }{
		"among its variables":      {" COPILOTKIT_AUTH  Encrypted\n CPK_INTELLIGENCE_API_KEY  Encrypted", ""},
		"among the arguments":      {"", "--env COPILOTKIT_AUTH=session --env CPK_INTELLIGENCE_API_KEY=hunter2"},
		"among the arguments, too": {"", "--env=COPILOTKIT_AUTH=session --env=CPK_INTELLIGENCE_API_KEY=hunter2"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := shims(t, "vercel")
			write(t, filepath.Join(folder, "vercel"), "#!/bin/sh\nif [ \"$1\" = env ]; then echo '"+test.variables+"'; else echo vercel \"$@\"; fi\n")
			output, err := runScript(t, "deploy-vercel.sh", folder, nil, strings.Fields(test.arguments)...)
			if err == nil || !strings.Contains(output, "nothing was deployed: with CPK_INTELLIGENCE_API_KEY") || strings.Contains(output, "hunter2") || strings.Contains(output, "vercel deploy") {
				t.Errorf("it ends with %v and says %s", err, output)
			}
		})
	}
}

// Whoever may deploy by a token may also look whether somebody has said who may call.
func TestVercelIsAskedAsTheSameUserAboutTheSameProject(t *testing.T) {
	for given, want := range map[string]string{
		"--yes":                    "",
		"--token=x --scope team":   "--token=x --scope team",
		"-t x --yes --project=p":   "-t x --project=p",
		"--token x --env A=B -S a": "--token x -S a",
	} {
		folder := shims(t, "vercel")
		write(t, filepath.Join(folder, "vercel"), "#!/bin/sh\nif [ \"$1\" = env ]; then echo \"asked: $*.\" >&2; echo ' COPILOTKIT_AUTH '; fi\n")
		output, err := runScript(t, "deploy-vercel.sh", folder, nil, strings.Fields(given)...)
		if asked := strings.TrimSpace("env ls production " + want); err != nil || !strings.Contains(output, "asked: "+asked+".") {
			t.Errorf("with %s it ends with %v and says %s", given, err, output)
		}
	}
}

func TestLambdaNeedsARegion(t *testing.T) {
	home := t.TempDir()
	configured := filepath.Join(home, "config")
	if err := os.WriteFile(configured, []byte("[default]\nregion = eu-west-1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		env       []string
		arguments []string
		fine      bool
	}{
		"none":                  {env: []string{"HOME=" + home}},
		"from AWS_REGION":       {env: []string{"AWS_REGION=eu-west-1"}, fine: true},
		"from the older name":   {env: []string{"AWS_DEFAULT_REGION=eu-west-1"}, fine: true},
		"from an argument":      {arguments: []string{"--region", "eu-west-1"}, fine: true},
		"from AWS's own file":   {env: []string{"AWS_CONFIG_FILE=" + configured}, fine: true},
		"perhaps of a profile":  {arguments: []string{"--profile=work"}, fine: true},
		"asked for by SAM":      {arguments: []string{"--guided"}, fine: true},
		"in a file that is not": {env: []string{"AWS_CONFIG_FILE=" + filepath.Join(home, "nothing")}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := shims(t, "sam")
			output, err := runScript(t, "deploy-lambda.sh", folder, test.env, append(test.arguments, "--parameter-overrides", "Auth=none")...)
			if (err == nil) != test.fine || !test.fine && (!strings.Contains(output, "no AWS region is set") || len(called(t, folder, "go")) > 0) {
				t.Errorf("it ends with %v and says %s", err, output)
			}
		})
	}
}

func TestSpacesReachTheParametersOfTheTemplate(t *testing.T) {
	for given, want := range map[string]string{
		"Prompt=Be brief.":              `Prompt="Be brief."`,
		"Prompt=Be brief.\nBe kind.":    "Prompt=\"Be brief.\nBe kind.\"",
		"Prompt=Solve for x=1 or E=mc2": `Prompt="Solve for x=1 or E=mc2"`,
		"Prompt=It's $5 `date`":         "Prompt=\"It's $5 `date`\"",
		`Prompt=Say "hello" to all.`:    `Prompt="Say \"hello\" to all."`,
		`Agents={"a":"https://b/c"}`:    `Agents="{\"a\":\"https://b/c\"}"`,
		`Prompt="Be brief."`:            `Prompt="Be brief."`,
		"Auth=none Model=demo":          "Auth=none Model=demo",
		"Model=bedrock/a,openai/gpt-4o": "Model=bedrock/a,openai/gpt-4o",
	} {
		folder := shims(t, "sam")
		if output, err := runScript(t, "deploy-lambda.sh", folder, region, "--parameter-overrides", "Auth=none", given, "--tags", "note=as it is"); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		call := called(t, folder, "sam")[0]
		if got := call[slices.Index(call, "Auth=none")+1]; got != want {
			t.Errorf("%s becomes %s, want %s", given, got, want)
		}
		if !slices.Contains(call, "note=as it is") {
			t.Errorf("what is no parameter changes: %q", call)
		}
	}
}

func TestGoogleIsToldTheBoundsThatItsArgumentsSet(t *testing.T) {
	file := func(content string) string {
		name := filepath.Join(t.TempDir(), "variables.yaml")
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	const auth = "--set-env-vars=COPILOTKIT_AUTH=none"
	for name, test := range map[string]struct{ arguments, want, refusal string }{
		"by default":                                  {arguments: auth, want: "--set-env-vars=CLOUD_RUN_TIMEOUT_SECONDS=3600,GOMEMLIMIT=192MiB"},
		"with the variables that they have":           {arguments: "--update-env-vars COPILOTKIT_AUTH=none", want: "--update-env-vars=CLOUD_RUN_TIMEOUT_SECONDS=3600,GOMEMLIMIT=192MiB"},
		"of another memory":                           {arguments: auth + " --memory=512Mi", want: "GOMEMLIMIT=384MiB"},
		"of gigabytes":                                {arguments: auth + " --memory 2Gi", want: "GOMEMLIMIT=1536MiB"},
		"of another timeout":                          {arguments: auth + " --timeout=15m", want: "CLOUD_RUN_TIMEOUT_SECONDS=900"},
		"but for those that are there":                {arguments: auth + ",GOMEMLIMIT=100MiB", want: "--set-env-vars=CLOUD_RUN_TIMEOUT_SECONDS=3600"},
		"in a file, which has them":                   {arguments: "--env-vars-file=" + file("COPILOTKIT_AUTH: none\nCLOUD_RUN_TIMEOUT_SECONDS: '3600'\n\"GOMEMLIMIT\": 192MiB\n"), want: "--env-vars-file="},
		"in a file, which lacks them":                 {arguments: "--env-vars-file=" + file("COPILOTKIT_AUTH: none\n"), refusal: "CLOUD_RUN_TIMEOUT_SECONDS=3600\nGOMEMLIMIT=192MiB"},
		"in a file without who may call":              {arguments: "--env-vars-file=" + file("A: COPILOTKIT_AUTH\n"), refusal: "must say who may call"},
		"in a file that isn't there":                  {arguments: "--env-vars-file none.yaml", refusal: "can't be read"},
		"of a key that keeps the processor":           {arguments: auth + ",CPK_INTELLIGENCE_API_KEY=k", want: "--no-cpu-throttling --set-env-vars=COPILOTKIT_INTELLIGENCE_BACKGROUND=on,CLOUD_RUN_TIMEOUT_SECONDS=3600"},
		"of a key among the secrets":                  {arguments: auth + " --update-secrets=A=a:1,CPK_INTELLIGENCE_API_KEY=i:latest", want: "--no-cpu-throttling --set-env-vars=COPILOTKIT_INTELLIGENCE_BACKGROUND=on,"},
		"of a key, where the processor is kept":       {arguments: auth + " --set-secrets CPK_INTELLIGENCE_API_KEY=i:1 --no-cpu-throttling", want: "--no-cpu-throttling --set-env-vars=COPILOTKIT_INTELLIGENCE_BACKGROUND=on,"},
		"of a key, and who says so":                   {arguments: auth + ",CPK_INTELLIGENCE_API_KEY=k,COPILOTKIT_INTELLIGENCE_BACKGROUND=on", want: "--no-cpu-throttling --set-env-vars=CLOUD_RUN_TIMEOUT_SECONDS=3600"},
		"of a key without the processor":              {arguments: auth + ",CPK_INTELLIGENCE_API_KEY=k --cpu-throttling", refusal: "needs --no-cpu-throttling"},
		"of a key in a file that lacks what it needs": {arguments: "--env-vars-file=" + file("COPILOTKIT_AUTH: session\nCPK_INTELLIGENCE_API_KEY: k\n"), refusal: "COPILOTKIT_INTELLIGENCE_BACKGROUND=on\nCLOUD_RUN"},
		"of no key":                                   {arguments: auth + ",MY_CPK_INTELLIGENCE_API_KEY=k", want: "none,MY_CPK_INTELLIGENCE_API_KEY=k --set-env-vars=CLOUD_RUN_TIMEOUT_SECONDS=3600"},
		"of a memory that nobody knows":               {arguments: auth + " --memory=lots", refusal: "the memory lots"},
		"of a memory with a fraction":                 {arguments: auth + " --memory=1.5Gi", refusal: "the memory 1.5Gi"},
		"of a timeout of two units":                   {arguments: auth + " --timeout=1h30m", refusal: "the timeout 1h30m"},
		"of a timeout that nobody knows":              {arguments: auth + " --timeout=long", refusal: "the timeout long"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := shims(t, "gcloud")
			output, err := runScript(t, "deploy-gcf.sh", folder, nil, strings.Fields(test.arguments)...)
			calls := called(t, folder, "gcloud")
			if test.refusal != "" {
				if err == nil || len(calls) > 0 || !strings.Contains(output, test.refusal) {
					t.Errorf("it ends with %v, calls %q, and says %s", err, calls, output)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			checkArguments(t, "gcloud-run-deploy.txt", "run deploy copilotkit", calls[0])
			if !strings.Contains(strings.Join(calls[0], " "), test.want) {
				t.Errorf("gcloud isn't called with %s: %q", test.want, calls[0])
			}
		})
	}
}
