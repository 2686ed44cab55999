package remote_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/remote"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

const (
	started  = "data: {\"type\":\"RUN_STARTED\",\"threadId\":\"t1\",\"runId\":\"r1\"}\n\n"
	finished = "data: {\"type\":\"RUN_FINISHED\",\"threadId\":\"t1\",\"runId\":\"r1\"}\n\n"
)

func TestAnAgentThatIsTooSlowIsGivenUp(t *testing.T) {
	for _, test := range []struct {
		name   string
		server agenttest.Slow
		config remote.Config
		reader time.Duration // how long the run takes for each event
		events int
		took   time.Duration
		code   string // "" for a good end
	}{
		{"no header comes", agenttest.Slow{Header: time.Hour}, remote.Config{},
			0, 0, 5 * time.Minute, remote.CodeUnreachable},
		{"the header comes late, but in time", agenttest.Slow{Header: 299 * time.Second, Parts: []agenttest.Part{agenttest.After(0, started+finished)}}, remote.Config{},
			0, 2, 299 * time.Second, ""},
		{"no header within the time set", agenttest.Slow{Header: time.Hour}, remote.Config{HeaderTimeout: time.Second},
			0, 0, time.Second, remote.CodeUnreachable},
		{"a header without a limit", agenttest.Slow{Header: 2 * time.Hour, Parts: []agenttest.Part{agenttest.After(0, started+finished)}}, remote.Config{HeaderTimeout: -1},
			0, 2, 2 * time.Hour, ""},
		{"no event comes after the header", agenttest.Slow{Hang: true}, remote.Config{},
			0, 0, 5 * time.Minute, remote.CodeBroken},
		{"the stream falls silent", agenttest.Slow{Parts: []agenttest.Part{agenttest.After(time.Minute, started)}, Hang: true}, remote.Config{},
			0, 1, 6 * time.Minute, remote.CodeBroken},
		{"the stream falls silent for the time set", agenttest.Slow{Parts: []agenttest.Part{agenttest.After(0, started), agenttest.After(3*time.Second, finished)}}, remote.Config{IdleTimeout: 2 * time.Second},
			0, 1, 2 * time.Second, remote.CodeBroken},
		{"a silence without a limit", agenttest.Slow{Parts: []agenttest.Part{agenttest.After(0, started), agenttest.After(2*time.Hour, finished)}}, remote.Config{IdleTimeout: -1},
			0, 2, 2 * time.Hour, ""},
		{"comments keep the stream alive", agenttest.Slow{Parts: []agenttest.Part{agenttest.After(0, started), agenttest.After(4*time.Minute, ": alive\n\n"), agenttest.After(4*time.Minute, ": alive\n\n"), agenttest.After(4*time.Minute, finished)}}, remote.Config{},
			0, 2, 12 * time.Minute, ""},
		{"a slow reader isn't the agent's silence", agenttest.Slow{Parts: []agenttest.Part{agenttest.After(0, started), agenttest.After(0, finished)}}, remote.Config{},
			10 * time.Minute, 2, 20 * time.Minute, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.config.URL = "http://agent/run"
				test.config.HTTPClient = &http.Client{Transport: &test.server}
				begun, events := time.Now(), 0
				var err error
				for _, err = range newAgent(t, test.config).Run(t.Context(), input(t)) {
					if err == nil {
						events++
						time.Sleep(test.reader)
					}
				}
				if took := time.Since(begun); took != test.took || events != test.events {
					t.Errorf("got %d events in %v, want %d in %v", events, took, test.events, test.took)
				}
				var failure *agent.Error
				if errors.As(err, &failure); failure == nil && test.code != "" || failure != nil && failure.Code != test.code {
					t.Errorf("got %v, want the code %q", err, test.code)
				}
				if failure != nil && (strings.Contains(failure.Message, "broke off") || strings.Contains(err.Error(), "context canceled")) {
					t.Errorf("the failure doesn't say that it was a time limit: %v", err)
				}
			})
		})
	}
}
