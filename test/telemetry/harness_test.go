package telemetry_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/test/platformtest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// serve serves a runtime with an environment, until the test ends or it is closed.
func serve(t *testing.T, env []string, options ...bundle.Option) (*core.Runtime, *platformtest.Deployment) {
	t.Helper()
	all := append([]bundle.Option{bundle.WithLogger(slog.New(slog.DiscardHandler))}, options...)
	runtime, err := bundle.New(context.Background(), func() []string { return env }, all...)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(runtime)
	t.Cleanup(func() {
		server.Close()
		if err := runtime.Close(); err != nil {
			t.Errorf("close the runtime: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return runtime, &platformtest.Deployment{URL: server.URL, Log: &platformtest.Log{}}
}

// modelEnv starts a model with a script, and returns the environment of a runtime that
// asks it.
func modelEnv(t *testing.T, answers ...scriptedmodel.Answer) ([]string, *scriptedmodel.Model) {
	t.Helper()
	model := scriptedmodel.New(scriptedmodel.Script{Answers: answers})
	server := httptest.NewServer(model)
	t.Cleanup(server.Close)
	return []string{
		"OPENAI_API_KEY=sk-test-key", "OPENAI_BASE_URL=" + server.URL + "/v1",
		"COPILOTKIT_AUTH=none", "COPILOTKIT_MODEL=openai/gpt-4o",
	}, model
}

// run plays a run to its end.
func run(t *testing.T, d *platformtest.Deployment, agent, thread string, header http.Header) string {
	t.Helper()
	header = header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	header.Set("Content-Type", "application/json")
	answer := d.Do(t, "POST", platformtest.BasePath+"/agent/"+agent+"/run", platformtest.RunInput(thread, "a secret question"), header)
	if answer.Status != http.StatusOK || !strings.Contains(string(answer.Body), "RUN_FINISHED") {
		t.Fatalf("the run answers %d %s", answer.Status, answer.Body)
	}
	return string(answer.Body)
}

// conventions are the names of the semantic conventions.
func conventions(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/conventions.txt")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(strings.FieldsSeq(string(data)))
}
