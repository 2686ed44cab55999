package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/test/lambdaapi"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

// bootstrap builds the bootstrap with the command that packs it, unless it has packed the
// same before.
func bootstrap(t testing.TB) string {
	t.Helper()
	dir := platformtest.Build(t, "bootstrap", func(dir string) error {
		file := filepath.Join("lambda-"+runtime.GOARCH, "bootstrap")
		return platformtest.Reuse("..", filepath.Join(dir, "bootstrap"), []string{"./lambda", "./scripts/packagelambda"}, []string{"-tags=lambda.norpc"}, file, func(dir string) error {
			return platformtest.Command("..", nil, "go", "run", "./scripts/packagelambda", "-arch", runtime.GOARCH, dir)
		})
	})
	return filepath.Join(dir, "bootstrap")
}

// startBootstrap deploys the bootstrap behind a front door.
func startBootstrap(t testing.TB, door door, config lambdaapi.Config) (*lambdaapi.Function, *platformtest.Deployment) {
	t.Helper()
	d := &platformtest.Deployment{Log: &platformtest.Log{}}
	config.Bootstrap = bootstrap(t)
	config.Log = d.Log
	if door.buffered {
		config.Env = append(config.Env, "COPILOTKIT_LAMBDA_RESPONSE=buffered")
	}
	function := lambdaapi.New(config)
	d.OnStop = function.Close
	t.Cleanup(function.Close)
	server := httptest.NewServer(function.Handler(door))
	t.Cleanup(server.Close)
	d.URL = server.URL
	return function, d
}

func TestTheRuntimeBehindEveryDoor(t *testing.T) {
	t.Parallel()
	for _, door := range doors {
		t.Run(door.name, func(t *testing.T) {
			t.Parallel()
			platformtest.Run(t, platformtest.Artefact{
				Start: func(t testing.TB, env []string) *platformtest.Deployment {
					_, d := startBootstrap(t, door, lambdaapi.Config{Env: env})
					return d
				},
				Buffers: !door.streaming(),
			})
		})
	}
}

// waitingDoors are one of each kind, for tests that take as long as a deadline.
var waitingDoors = []door{doors[0], doors[1], doors[4]}

func TestARunIsClosedInGoodOrderBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	for _, door := range waitingDoors {
		t.Run(door.name, func(t *testing.T) {
			t.Parallel()
			model := platformtest.NewModel(t, "never finished")
			held := model.Hold()
			defer held.Release()
			function, d := startBootstrap(t, door, lambdaapi.Config{Env: model.Env(), Timeout: 6 * time.Second})
			events := d.StartRun(t, "thread-1").Rest(t)
			last := events[len(events)-1]
			if last.Type != "RUN_ERROR" || last.Code == "" {
				t.Errorf("the stream ends with %+v, want RUN_ERROR with a code", last)
			}
			if !slices.ContainsFunc(events, func(e platformtest.Event) bool { return e.Type == "TEXT_MESSAGE_END" }) {
				t.Errorf("the open message isn't closed: %+v", events)
			}
			// The same instance has the thread's history, and no live run in it.
			connected := string(d.Do(t, "GET", platformtest.BasePath+"/agent/default/connect?threadId=thread-1", "", nil).Body)
			if !strings.Contains(connected, last.Code) {
				t.Errorf("the history doesn't have the ending: %s", connected)
			}
			if calls := function.Instances()[0].Calls(); len(function.Instances()) != 1 || slices.Contains(calls, "timeout 1-1") {
				t.Errorf("the function was killed at its deadline: %q", calls)
			}
		})
	}
}

func TestAnEndlessAnswerEndsBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	for _, door := range waitingDoors {
		t.Run(door.name, func(t *testing.T) {
			t.Parallel()
			env := append(platformtest.NewModel(t, "unused").Env(), "COPILOTKIT_ENV=development")
			function, d := startBootstrap(t, door, lambdaapi.Config{Env: env, Timeout: 3 * time.Second})
			events := d.Do(t, "GET", platformtest.BasePath+"/cpk-debug-events", "", nil)
			if events.Status != http.StatusOK || !strings.Contains(string(events.Body), ": connected") {
				t.Errorf("got %d %q", events.Status, events.Body)
			}
			if calls := function.Instances()[0].Calls(); slices.Contains(calls, "timeout 1-1") {
				t.Errorf("the function was killed at its deadline: %q", calls)
			}
		})
	}
}

func TestWhatTheBootstrapHolds(t *testing.T) {
	t.Parallel()
	command := exec.Command("go", "list", "-deps", "-tags", "lambda.norpc", ".")
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	for dependency := range strings.Lines(string(output)) {
		for _, foreign := range []string{"functions-framework-go", "cloudevents", "sqlite", "gin-gonic", "net/rpc\n", "copilotkit-go/runtime/gcf", "copilotkit-go/runtime/vercel", "testing\n"} {
			if strings.Contains(dependency, foreign) {
				t.Errorf("the bootstrap is linked with %s", dependency)
			}
		}
	}
}

func TestAFailedBuildIsTriedAgain(t *testing.T) {
	t.Setenv("COPILOTKIT_MODEL", "openai/gpt-4o")
	t.Setenv("COPILOTKIT_AUTH", "none")
	t.Setenv("OPENAI_API_KEY", "")
	f := newFunction(newRuntime())
	for _, step := range []struct {
		key    string
		status int
	}{{"", 500}, {"sk-test", 200}, {"", 200}} { // once built, the runtime stays
		t.Setenv("OPENAI_API_KEY", step.key)
		var request event
		if err := json.Unmarshal(functionURLEvent(t, "/api/copilotkit/info", ""), &request); err != nil {
			t.Fatal(err)
		}
		answer, err := f.invoke(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		stream, ok := answer.(io.ReadCloser)
		if !ok {
			t.Fatalf("the answer is a %T", answer)
		}
		head, _, err := lambdaapi.ReadPrelude(stream)
		if err != nil || head.StatusCode != step.status {
			t.Errorf("with the key %q the answer is %+v, %v, want status %d", step.key, head, err, step.status)
		}
		_ = stream.Close()
	}
}

func TestAnEnvironmentThatIsWrongDoesNotKeepAnInstanceFromStarting(t *testing.T) {
	t.Parallel()
	function, d := startBootstrap(t, doors[0], lambdaapi.Config{Env: []string{"COPILOTKIT_AUTH=none", "COPILOTKIT_MODEL=nobody/nothing"}})
	if _, err := function.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Log.Await(t, "COPILOTKIT_MODEL")
	for range 2 {
		if answer := d.Do(t, "GET", platformtest.BasePath+"/info", "", nil); answer.Status != http.StatusInternalServerError {
			t.Errorf("got %d %s", answer.Status, answer.Body)
		}
	}
	if got := len(function.Instances()); got != 1 {
		t.Errorf("%d instances were started, want one for all", got)
	}
}

func TestAFolderWithAFrontEndIsRefused(t *testing.T) {
	t.Setenv("COPILOTKIT_MODEL", "demo")
	t.Setenv("COPILOTKIT_AUTH", "none")
	t.Setenv("COPILOTKIT_STATIC", t.TempDir())
	runtime := newRuntime()
	defer runtime.Close()
	if err := runtime.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "COPILOTKIT_STATIC: no front end is served here: put it in an S3 bucket") {
		t.Errorf("got %v", err)
	}
}

func TestAgentCoreIsRefused(t *testing.T) {
	t.Setenv("COPILOTKIT_MODEL", "demo")
	t.Setenv("COPILOTKIT_AUTH", "none")
	t.Setenv("COPILOTKIT_AGENTCORE", "on")
	runtime := newRuntime()
	defer runtime.Close()
	if err := runtime.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "COPILOTKIT_AGENTCORE: it works in the container image alone") {
		t.Errorf("got %v", err)
	}
}

func TestRequestsOfTheSizeThatLambdaTakesAreRead(t *testing.T) {
	t.Setenv("COPILOTKIT_MODEL", "demo")
	t.Setenv("COPILOTKIT_AUTH", "none")
	runtime := newRuntime()
	defer runtime.Close()
	platformtest.BodyLimit(t, runtime, 6<<20)
}
