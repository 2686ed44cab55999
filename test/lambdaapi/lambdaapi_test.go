package lambdaapi_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/test/lambdaapi"
)

// asBootstrap is the environment variable that makes the test binary a function, which
// answers each event with the event and exits on the event "die".
const asBootstrap = "LAMBDAAPI_TEST_BOOTSTRAP"

func TestMain(m *testing.M) {
	if os.Getenv(asBootstrap) != "" {
		serveEvents("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/")
	}
	goleak.VerifyTestMain(m)
}

func serveEvents(api string) {
	for {
		next, err := http.Get(api + "next")
		if err != nil {
			os.Exit(1)
		}
		event, _ := io.ReadAll(next.Body)
		if string(event) == "die" {
			os.Exit(1)
		}
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		answer, err := http.Post(api+id+"/response", "application/json", strings.NewReader(string(event)))
		if err != nil {
			os.Exit(1)
		}
		_ = answer.Body.Close()
	}
}

func newFunction(t *testing.T, config lambdaapi.Config) *lambdaapi.Function {
	t.Helper()
	config.Bootstrap = os.Args[0]
	config.Env = []string{asBootstrap + "=1"}
	function := lambdaapi.New(config)
	t.Cleanup(function.Close)
	return function
}

func call(t *testing.T, function *lambdaapi.Function, event string) *lambdaapi.Instance {
	t.Helper()
	response, err := function.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Close() }()
	if body, err := io.ReadAll(response); err != nil || string(body) != event {
		t.Fatalf("got %q, %v", body, err)
	}
	return response.Instance
}

func TestAnIdleInstanceIsFrozenUntilItIsNeeded(t *testing.T) {
	function := newFunction(t, lambdaapi.Config{})
	instance := call(t, function, "one")
	instance.AwaitFrozen(t.Context())
	if state := instance.State(); state != "T" {
		t.Errorf("an idle instance's state is %q, want T, stopped", state)
	}
	if again := call(t, function, "two"); again != instance {
		t.Error("another instance served the second event")
	}
}

func TestAnInstanceThatDiesIsReplaced(t *testing.T) {
	function := newFunction(t, lambdaapi.Config{})
	first := call(t, function, "one")
	if _, err := function.Invoke(t.Context(), []byte("die")); err == nil {
		t.Fatal("a dead instance has answered")
	}
	if second := call(t, function, "two"); second == first {
		t.Error("the dead instance has answered")
	}
}

func TestReplacedInstancesAnswerNothingMore(t *testing.T) {
	function := newFunction(t, lambdaapi.Config{})
	first := call(t, function, "one")
	function.Replace(t.Context())
	if second := call(t, function, "two"); second == first {
		t.Error("the replaced instance has answered")
	}
}

func TestEventsThatComeTogetherGetAnInstanceEach(t *testing.T) {
	function := newFunction(t, lambdaapi.Config{MaxInstances: 2})
	first, err := function.Invoke(t.Context(), []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	// The first answer isn't read, so that its instance is busy.
	if second := call(t, function, "two"); second == first.Instance {
		t.Error("a busy instance got the second event")
	}
}
