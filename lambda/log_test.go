package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle/platforms"
	"github.com/copilotkit-go/runtime/test/lambdaapi"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

func TestLinesAreAsLambdaReadsThem(t *testing.T) {
	t.Parallel()
	_, d := startBootstrap(t, doors[0], lambdaapi.Config{Env: platformtest.NewModel(t, "logged").Env()})
	d.StartRun(t, "thread-1").Rest(t)
	d.Log.Await(t, `"message":"request ended"`)
	var messages []string
	ofRequest := false
	for text := range strings.Lines(d.Log.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if line["level"] == "INFO" {
			messages = append(messages, line["message"].(string))
		}
		if _, ok := line["timestamp"].(string); !ok {
			t.Errorf("no timestamp in %s", text)
		}
		if ofRequest = ofRequest || line["message"] == "run ended"; !ofRequest {
			continue // before the first event
		}
		// The emulator's first invocation, and its trace.
		for name, want := range map[string]any{"requestId": "1-1", "traceId": "5bef4de7ad49b0e87f6ef6c87fc2e700"} {
			if line[name] != want {
				t.Errorf("%s is %v, want %v in %s", name, line[name], want, text)
			}
		}
	}
	if want := []string{"the runtime starts", "run ended", "request ended"}; !slices.Equal(messages, want) {
		t.Errorf("the lines are %v, want %v", messages, want)
	}
}

func TestTheLogLevelIsTheFunctions(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]string{
		"TRACE": "debug", "DEBUG": "debug", "INFO": "info", "WARN": "warn", "ERROR": "error", "FATAL": "error", "": "", "LOUD": "",
	} {
		got := platforms.Lambda(func(string) string { return level }).Defaults["COPILOTKIT_LOG_LEVEL"]
		if got != want {
			t.Errorf("%s: got %q, want %q", level, got, want)
		}
	}
	env := append(platformtest.NewModel(t, "quiet").Env(), "AWS_LAMBDA_LOG_LEVEL=ERROR")
	_, d := startBootstrap(t, doors[0], lambdaapi.Config{Env: env})
	d.StartRun(t, "thread-1").Rest(t)
	d.Stop()
	if text := d.Log.String(); text != "" {
		t.Errorf("the log has %s", text)
	}
}
