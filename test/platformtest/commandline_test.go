package platformtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

// region is what the deploy scripts for AWS need in their environment.
var region = []string{"AWS_REGION=eu-west-1"}

// exclusive are options of which a command takes one kind only.
var exclusive = map[string][]string{
	"gcloud-run-deploy.txt": {"--set-env-vars", "--update-env-vars", "--env-vars-file"},
}

// checkArguments checks a command line against the options that the tool's help has.
func checkArguments(t *testing.T, file, command string, arguments []string) {
	t.Helper()
	options := readOptions(t, file)
	words := strings.Fields(command)
	if len(arguments) < len(words) || !slices.Equal(arguments[:len(words)], words) {
		t.Fatalf("the command is %q, want %s", arguments, command)
	}
	var used []string
	for i := len(words); i < len(arguments); i++ {
		name, _, has := strings.Cut(arguments[i], "=")
		takes, known := options[name]
		switch {
		case !known:
			t.Errorf("%s has no option %s", command, arguments[i])
			continue
		case has && !takes:
			t.Errorf("%s takes no value: %s", name, arguments[i])
		case takes && !has:
			// Some of SAM's options take several values.
			first := i
			for i+1 < len(arguments) && !strings.HasPrefix(arguments[i+1], "-") {
				i++
			}
			if i == first || i > first+1 && file != "sam-deploy.txt" {
				t.Errorf("%s takes one value: %q", name, arguments)
			}
		}
		if slices.Contains(exclusive[file], name) && !slices.Contains(used, name) {
			used = append(used, name)
		}
	}
	if len(used) > 1 {
		t.Errorf("%v exclude each other", used)
	}
}

// readOptions reads the options of a command, and whether they take a value.
func readOptions(t *testing.T, file string) map[string]bool {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	options := map[string]bool{}
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "--") {
			name, takes := strings.CutSuffix(line, "=")
			options[name] = takes
		}
	}
	return options
}

// Of each command that the pages show, the options are the tool's.
func TestThePagesShowOptionsThatThereAre(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, page := range append(pages, filepath.Join("..", "..", "README.md")) {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for command, file := range map[string]string{
			`make deploy-lambda ARGS=`: "sam-deploy.txt", `make deploy-gcf ARGS=`: "gcloud-run-deploy.txt",
			`make deploy-vercel ARGS=`: "vercel-deploy.txt", `gcloud run deploy `: "gcloud-run-deploy.txt",
		} {
			options := readOptions(t, file)
			for _, shown := range regexp.MustCompile(`(?m)`+regexp.QuoteMeta(command)+`(?:.*\\\n)*.*$`).FindAllString(string(content), -1) {
				for _, match := range regexp.MustCompile(`[\s'"](--[a-z][a-z0-9-]*)(=?)`).FindAllStringSubmatch(shown, -1) {
					seen[command]++
					if takes, known := options[match[1]]; !known || match[2] != "" && !takes {
						t.Errorf("%s shows %s%s of %s", page, match[1], match[2], command)
					}
				}
			}
		}
	}
	for _, command := range []string{`make deploy-lambda ARGS=`, `make deploy-gcf ARGS=`, `gcloud run deploy `} {
		if seen[command] < 3 {
			t.Errorf("the pages show %d options of %s", seen[command], command)
		}
	}
}

var shownCommands = regexp.MustCompile(`make (deploy-[a-z]+) ARGS=(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s"'\x60]+)`)

// Each command that the pages show gets as far as the platform's tool.
func TestThePagesShowCommandsThatTheScriptsTake(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	tools := map[string]string{"deploy-lambda": "sam deploy ", "deploy-gcf": "gcloud run deploy ", "deploy-vercel": "vercel deploy "}
	seen := map[string]int{}
	for _, page := range append(pages, filepath.Join("..", "..", "README.md")) {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range shownCommands.FindAllStringSubmatch(string(content), -1) {
			seen[shown[1]]++
			command := exec.Command("bash", "-c", "DRY_RUN=1 "+shown[0])
			command.Dir = filepath.Join("..", "..")
			command.Env = append(os.Environ(), region...)
			output, err := command.CombinedOutput()
			if err != nil || !strings.Contains(string(output), tools[shown[1]]) {
				t.Errorf("%s shows %s, which ends with %v and says %s", page, shown[0], err, output)
			}
		}
	}
	if seen["deploy-lambda"] < 4 || seen["deploy-gcf"] < 4 || seen["deploy-vercel"] < 1 {
		t.Errorf("the pages show %v commands", seen)
	}
}

func TestMakePassesArgumentsOnAsTheShellReadsThem(t *testing.T) {
	command := exec.Command("make", "-s", "deploy-lambda", `ARGS=--parameter-overrides Auth=none 'Prompt=It is $5, $(date), $$ and "more".' Model=$MODEL`)
	command.Dir = filepath.Join("..", "..")
	command.Env = append(os.Environ(), append(region, "DRY_RUN=1", "MODEL=demo")...)
	output, err := command.CombinedOutput()
	// As the shell would read it, with SAM's quotes.
	want := `Auth=none Prompt=\"It\ is\ \$5\,\ \$\(date\)\,\ \$\$\ and\ \\\"more\\\".\" Model=demo`
	if err != nil || !strings.Contains(string(output), want) {
		t.Errorf("it ends with %v and says %s, want %s", err, output, want)
	}
}

// The other tools aren't among those that the tests install.
func TestTheOptionsOfVercelAreThoseOfItsHelp(t *testing.T) {
	help, err := exec.Command(platformtest.Tool(t, filepath.Join("..", ".."), "vercel/node_modules/.bin/vercel"), "deploy", "--help").CombinedOutput()
	if len(help) == 0 {
		t.Fatal(err)
	}
	for name := range readOptions(t, "vercel-deploy.txt") {
		if !strings.Contains(string(help), name+" ") {
			t.Errorf("the help has no %s", name)
		}
	}
}

// shims returns a folder for PATH in which a CLI and Go note what they are called with.
func shims(t *testing.T, cli string) string {
	t.Helper()
	folder := toolFolder(t, "dirname", "grep", "sed")
	for _, name := range []string{cli, "go"} {
		calls := filepath.Join(folder, name+".calls")
		write(t, filepath.Join(folder, name), "#!/bin/sh\n{ printf '%s\\0' \"$@\"; printf '\\n'; } >>'"+calls+"'\n")
	}
	return folder
}

// called returns the arguments of each call of a program among the shims.
func called(t *testing.T, folder, program string) [][]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, program+".calls"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var calls [][]string
	for call := range strings.SplitSeq(strings.TrimSuffix(string(content), "\x00\n"), "\x00\n") {
		calls = append(calls, strings.Split(call, "\x00"))
	}
	return calls
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

func runScript(t *testing.T, script, path string, env []string, arguments ...string) (string, error) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(bash, append([]string{filepath.Join("..", "..", "scripts", script)}, arguments...)...)
	command.Env = append([]string{"PATH=" + path}, env...)
	output, err := command.CombinedOutput()
	return string(output), err
}
