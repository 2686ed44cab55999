package vercel_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/test/platformtest"
	"github.com/copilotkit-go/runtime/vercel"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// build runs Vercel's builder on a copy of the source. It returns the folder with the
// deployment.
func build(t testing.TB) string {
	t.Helper()
	cli := platformtest.Tool(t, "..", "vercel/node_modules/.bin/vercel")
	dir := platformtest.Build(t, "vercel", func(dir string) error {
		if err := platformtest.CopySource("..", ".vercelignore", dir); err != nil {
			return err
		}
		// What `vercel link` writes.
		project := `{"projectId":"prj_test","orgId":"team_test","settings":{"framework":null}}`
		if err := os.Mkdir(filepath.Join(dir, ".vercel"), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, ".vercel", "project.json"), []byte(project), 0o644); err != nil {
			return err
		}
		// The builder downloads the Go version that go.mod names; here that is the
		// installed one.
		version, err := exec.Command("go", "env", "GOVERSION").Output()
		if err != nil {
			return err
		}
		if err := platformtest.Command(dir, nil, "go", "mod", "edit", "-toolchain="+strings.TrimSpace(string(version))); err != nil {
			return err
		}
		env := []string{"VERCEL_TELEMETRY_DISABLED=1", "CI=1", "GOFLAGS=-trimpath"}
		return platformtest.Command(dir, env, cli, "build", "--yes", "--global-config", t.TempDir())
	})
	return filepath.Join(dir, ".vercel", "output")
}

// start starts the deployment.
func start(t testing.TB, env []string) *platformtest.Deployment {
	function := filepath.Join(build(t), "functions", "go.func")
	// The builder's proxy always listens on this port.
	d := platformtest.StartServer(t, function, filepath.Join(function, "executable"), "3000", env)
	d.MayBreak = true
	return d
}

func TestTheDeployedServer(t *testing.T) {
	platformtest.Run(t, platformtest.Artefact{Start: start})
}

func TestWhatIsDeployed(t *testing.T) {
	output := build(t)
	t.Run("the function streams, and may take five minutes", func(t *testing.T) {
		var config struct {
			Runtime                   string `json:"runtime"`
			SupportsResponseStreaming bool   `json:"supportsResponseStreaming"`
			MaxDuration               int    `json:"maxDuration"`
		}
		readJSON(t, filepath.Join(output, "functions", "go.func", ".vc-config.json"), &config)
		if config.Runtime != "executable" || !config.SupportsResponseStreaming || config.MaxDuration != 300 {
			t.Errorf("the function's configuration is %+v", config)
		}
	})
	t.Run("every path leads to it and stays as it is", func(t *testing.T) {
		var config struct {
			Routes []struct {
				Handle     string `json:"handle"`
				Source     string `json:"src"`
				To         string `json:"dest"`
				Transforms []struct {
					Type, Op, Args string
				} `json:"transforms"`
			} `json:"routes"`
		}
		readJSON(t, filepath.Join(output, "config.json"), &config)
		for _, path := range []string{"/", "/api/copilotkit", "/api/copilotkit/agent/default/run"} {
			to, arrives := "", ""
			for _, route := range config.Routes {
				source := regexp.MustCompile("^(?:" + route.Source + ")$")
				if route.Handle == "" && source.MatchString(path) {
					to = source.ReplaceAllString(path, route.To)
					arrives = path
					for _, transform := range route.Transforms {
						arrives = source.ReplaceAllString(path, transform.Args)
					}
					break
				}
			}
			if to != "/go" || arrives != path {
				t.Errorf("%s goes to the function %q with the path %q", path, to, arrives)
			}
		}
	})
	t.Run("nothing of the other platforms is linked", func(t *testing.T) {
		dependencies, err := exec.Command("go", "list", "-deps", "./server").Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, foreign := range []string{"aws-lambda-go", "functions-framework-go", "sqlite", "runtime/test/platformtest"} {
			if strings.Contains(string(dependencies), foreign) {
				t.Errorf("the server is linked with %s", foreign)
			}
		}
	})
}

func TestHandlerOfAnotherProject(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(vercel.Handler))
	defer server.Close()
	d := &platformtest.Deployment{URL: server.URL, Log: &platformtest.Log{}}
	model := platformtest.NewModel(t, "hello there")

	t.Setenv("COPILOTKIT_MODEL", "openai/gpt-4o")
	t.Setenv("COPILOTKIT_AUTH", "none")
	t.Setenv("OPENAI_API_KEY", "")
	if got := d.Do(t, "GET", platformtest.BasePath+"/info", "", nil).Status; got != http.StatusInternalServerError {
		t.Errorf("without a key the status is %d, want 500", got)
	}
	for _, variable := range model.Env() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	if events := d.StartRun(t, "thread-1").Rest(t); events[len(events)-1].Type != "RUN_FINISHED" {
		t.Errorf("with the key set the run gives %+v", events)
	}
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("decode %s: %v", file, err)
	}
}

func TestAFolderWithAFrontEndIsRefused(t *testing.T) {
	env := func() []string {
		return []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none", "COPILOTKIT_STATIC=" + t.TempDir()}
	}
	_, err := bundle.New(t.Context(), env, vercel.Options()...)
	if err == nil || !strings.Contains(err.Error(), "COPILOTKIT_STATIC: no front end is served here: Vercel") {
		t.Errorf("got %v", err)
	}
}

func TestAgentCoreIsRefused(t *testing.T) {
	env := func() []string {
		return []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none", "COPILOTKIT_AGENTCORE=on"}
	}
	_, err := bundle.New(t.Context(), env, vercel.Options()...)
	if err == nil || !strings.Contains(err.Error(), "COPILOTKIT_AGENTCORE: it works in the container image alone") {
		t.Errorf("got %v", err)
	}
}

func TestRequestsOfTheSizeThatVercelTakesAreRead(t *testing.T) {
	runtime := bundle.NewLazy(func() []string { return []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none"} }, vercel.Options()...)
	defer runtime.Close()
	platformtest.BodyLimit(t, runtime, 9<<19)
}
