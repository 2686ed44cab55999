package gcf_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"text/template"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
	"github.com/copilotkit-go/runtime/gcf"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

const (
	framework = "github.com/GoogleCloudPlatform/functions-framework-go"
	// sourceFolder is where the buildpack moves the source, appFolder where it puts the
	// main package.
	sourceFolder = "serverless_function_source_code"
	appFolder    = "functions.local/app"
)

// mainTemplate is the program that runs a declarative function: it imports the
// package for its registrations and starts the framework.
var mainTemplate = template.Must(template.New("main").Parse(`package main

import (
	"log"
	"net/http"
	"os"

	_ "{{.Package}}"

	"{{.Framework}}/funcframework"
)

func main() {
	http.HandleFunc("/robots.txt", http.NotFound)
	http.HandleFunc("/favicon.ico", http.NotFound)
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	if err := funcframework.Start(port); err != nil {
		log.Fatalf("Function failed to start: %v\n", err)
	}
}
`))

// A handler waits for its instance's end as long as the process runs.
func TestMain(m *testing.M) {
	platformtest.Main(m, goleak.IgnoreTopFunction("github.com/copilotkit-go/runtime/gcf.closeAtEnd"))
}

// build builds an uploaded source as Google's Go buildpack does. It returns the
// program.
func build(t testing.TB) string {
	t.Helper()
	dir := platformtest.Build(t, "function", func(dir string) error {
		source := filepath.Join(dir, sourceFolder)
		if err := platformtest.CopySource("..", ".gcloudignore", source); err != nil {
			return err
		}
		module, err := output(source, "go", "list", "-m")
		if err != nil {
			return err
		}
		var program bytes.Buffer
		if err := mainTemplate.Execute(&program, map[string]string{"Package": module, "Framework": framework}); err != nil {
			return err
		}
		app := filepath.Join(source, appFolder)
		if err := os.MkdirAll(app, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(app, "main.go"), program.Bytes(), 0o644); err != nil {
			return err
		}
		if err := platformtest.Command(source, nil, "go", "mod", "tidy"); err != nil {
			return err
		}
		return platformtest.Command(source, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-o", filepath.Join(dir, "main"), "./"+appFolder)
	})
	return filepath.Join(dir, "main")
}

func output(dir, name string, arguments ...string) (string, error) {
	command := exec.Command(name, arguments...)
	command.Dir = dir
	data, err := command.Output()
	return strings.TrimSpace(string(data)), err
}

func start(t testing.TB, env []string) *platformtest.Deployment {
	program := build(t)
	// Cloud Functions sets these.
	env = append([]string{"FUNCTION_TARGET=CopilotKit", "FUNCTION_SIGNATURE_TYPE=http", "K_SERVICE=copilotkit", "GOOGLE_CLOUD_PROJECT=my-project"}, env...)
	return platformtest.StartServer(t, filepath.Dir(program), program, freeport.Take(t), env)
}

func TestTheDeployedFunction(t *testing.T) {
	t.Parallel()
	platformtest.Run(t, platformtest.Artefact{Start: start})
}

func TestARunIsClosedInGoodOrderBeforeTheTimeout(t *testing.T) {
	t.Parallel()
	model := platformtest.NewModel(t, "never finished")
	held := model.Hold()
	defer held.Release()
	d := start(t, append(model.Env(), "CLOUD_RUN_TIMEOUT_SECONDS=4"))
	events := d.StartRun(t, "thread-1").Rest(t)
	if last := events[len(events)-1]; last.Type != "RUN_ERROR" || last.Code == "" {
		t.Errorf("the stream ends with %+v, want RUN_ERROR with a code", last)
	}
}

func TestARunIsClosedInGoodOrderWhenTheInstanceEnds(t *testing.T) {
	t.Parallel()
	model := platformtest.NewModel(t, "never finished")
	held := model.Hold()
	defer held.Release()
	d := start(t, model.Env())
	run := d.StartRun(t, "thread-1")
	run.Until(t, "TEXT_MESSAGE_CONTENT")
	d.Terminate()
	events := run.Rest(t)
	if last := events[len(events)-1]; last.Type != "RUN_ERROR" || last.Code != "SHUTDOWN" {
		t.Errorf("the stream ends with %+v, want RUN_ERROR with the code SHUTDOWN", last)
	}
}

func TestTheSourceIsWhatTheBuildpackLooksFor(t *testing.T) {
	t.Parallel()
	t.Run("the root is one package that declares its function", func(t *testing.T) {
		packages := make(map[string]bool)
		imports := make(map[string]bool)
		files, err := filepath.Glob("../*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			packages[file.Name.Name] = true
			for _, spec := range file.Imports {
				imports[strings.Trim(spec.Path.Value, `"`)] = true
			}
		}
		// Without this import the buildpack would look for an exported function.
		if len(packages) != 1 || !imports[framework+"/functions"] {
			t.Errorf("the root has the packages %v and the imports %v", packages, imports)
		}
	})
	t.Run("the module's path begins with a domain", func(t *testing.T) {
		module, err := output("..", "go", "list", "-m")
		if first, _, _ := strings.Cut(module, "/"); err != nil || !strings.Contains(first, ".") {
			t.Errorf("the module is %q, %v", module, err)
		}
	})
	t.Run("nothing of the other platforms is linked", func(t *testing.T) {
		dependencies, err := output("..", "go", "list", "-deps", ".")
		if err != nil {
			t.Fatal(err)
		}
		for _, foreign := range []string{"aws-lambda-go", "sqlite", "runtime/test/platformtest"} {
			if strings.Contains(dependencies, foreign) {
				t.Errorf("the function is linked with %s", foreign)
			}
		}
	})
}

func TestAFailedBuildIsTriedAgain(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(gcf.Handler()))
	defer server.Close()
	d := &platformtest.Deployment{URL: server.URL, Log: &platformtest.Log{}}
	t.Setenv("COPILOTKIT_MODEL", "openai/gpt-4o")
	t.Setenv("COPILOTKIT_AUTH", "none")
	for _, step := range []struct {
		key    string
		status int
	}{{"", 500}, {"sk-test", 200}, {"", 200}} { // once built, the runtime stays
		t.Setenv("OPENAI_API_KEY", step.key)
		if got := d.Do(t, "GET", platformtest.BasePath+"/info", "", nil).Status; got != step.status {
			t.Errorf("with the key %q the status is %d, want %d", step.key, got, step.status)
		}
	}
}

func TestAFrontEndIsServedBesideTheFunction(t *testing.T) {
	t.Setenv("COPILOTKIT_MODEL", "demo")
	t.Setenv("COPILOTKIT_AUTH", "none")
	handler := http.HandlerFunc(gcf.Handler(bundle.WithFrontEnd(fstest.MapFS{"index.html": {Data: []byte("the front end")}})))
	for path, want := range map[string]string{"/": "the front end", platformtest.BasePath + "/info": `"agents"`, "/healthz": `"ok"`} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%s: got %d %s", path, answer.Code, answer.Body)
		}
	}
}

func TestAgentCoreIsRefused(t *testing.T) {
	t.Setenv("COPILOTKIT_MODEL", "demo")
	t.Setenv("COPILOTKIT_AUTH", "none")
	t.Setenv("COPILOTKIT_AGENTCORE", "on")
	answer := httptest.NewRecorder()
	gcf.Handler()(answer, httptest.NewRequest(http.MethodGet, "/invocations", nil))
	if answer.Code != http.StatusInternalServerError {
		t.Errorf("got %d %s", answer.Code, answer.Body)
	}
}

func TestRequestsOfTheSizeThatGoogleTakesAreRead(t *testing.T) {
	t.Setenv("COPILOTKIT_MODEL", "demo")
	t.Setenv("COPILOTKIT_AUTH", "none")
	platformtest.BodyLimit(t, http.HandlerFunc(gcf.Handler()), 32<<20)
}
