// Package peers tests the built server with the client of the AG-UI Go SDK.
package peers

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ag-ui-protocol/ag-ui/sdks/community/go/pkg/client/sse"
	"github.com/ag-ui-protocol/ag-ui/sdks/community/go/pkg/core/events"
	"github.com/ag-ui-protocol/ag-ui/sdks/community/go/pkg/core/types"
	"github.com/sirupsen/logrus"
)

const binary = "../../../dist/copilotkit"

func TestATextAnswerStreams(t *testing.T) {
	t.Parallel()
	got := run(t, startServer(t), "/agent/default/run", input("text", user("u1", "What are you?")))
	if err := events.ValidateSequence(got); err != nil {
		t.Errorf("the SDK finds the sequence invalid: %v", err)
	}
	if first, last := got[0].Type(), got[len(got)-1].Type(); first != events.EventTypeRunStarted || last != events.EventTypeRunFinished {
		t.Errorf("got %s … %s, want RUN_STARTED … RUN_FINISHED", first, last)
	}
	if answer := text(got); !strings.Contains(answer, "demo") {
		t.Errorf("got %q", answer)
	}
}

func TestAFrontEndToolIsCalled(t *testing.T) {
	t.Parallel()
	in := input("tool", user("u1", "call set_color"))
	in.Tools = []types.Tool{{
		Name: "set_color", Description: "Sets the color.",
		Parameters: map[string]any{"type": "object", "properties": map[string]any{"color": map[string]any{"type": "string"}}},
	}}
	got := run(t, startServer(t), "/agent/default/run", in)
	if err := events.ValidateSequence(got); err != nil {
		t.Errorf("the SDK finds the sequence invalid: %v", err)
	}
	for _, event := range got {
		if start, ok := event.(*events.ToolCallStartEvent); ok && start.ToolCallName == "set_color" {
			return
		}
	}
	t.Errorf("no call of set_color in %v", got)
}

func TestConnectShowsWhatTheRunSaid(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	ran := run(t, server, "/agent/default/run", input("history", user("u1", "What are you?")))
	shown := run(t, server, "/agent/default/connect", input("history"))
	if text(ran) == "" || text(ran) != text(shown) {
		t.Errorf("the run said %q, connect shows %q", text(ran), text(shown))
	}
}

func user(id, content string) types.Message {
	return types.Message{ID: id, Role: types.RoleUser, Content: content}
}

func input(thread string, messages ...types.Message) types.RunAgentInput {
	return types.RunAgentInput{
		ThreadID: thread, RunID: fmt.Sprintf("run-%d", time.Now().UnixNano()), State: map[string]any{},
		Messages: append([]types.Message{}, messages...), Tools: []types.Tool{}, Context: []types.Context{}, ForwardedProps: map[string]any{},
	}
}

// text returns the text of the messages in a stream.
func text(stream []events.Event) string {
	var said strings.Builder
	for _, event := range stream {
		if content, ok := event.(*events.TextMessageContentEvent); ok {
			said.WriteString(content.Delta)
		}
	}
	return said.String()
}

// run sends an input with the SDK's client and decodes the stream with its decoder.
func run(t *testing.T, server, path string, in types.RunAgentInput) []events.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	client := sse.NewClient(sse.Config{Endpoint: server + path, Logger: quiet})
	frames, errs, err := client.Stream(sse.StreamOptions{Context: ctx, Payload: in})
	if err != nil {
		t.Fatal(err)
	}
	var got []events.Event
	for frame := range frames {
		event, err := events.EventFromJSON(frame.Data)
		if err != nil {
			t.Fatalf("the SDK can't decode %s: %v", frame.Data, err)
		}
		got = append(got, event)
	}
	if err := <-errs; err != nil || len(got) == 0 {
		t.Fatalf("the stream ended with %v after %d events", err, len(got))
	}
	return got
}

// startServer starts the built server with the embedded model and additional variables,
// "NAME=value". It returns the runtime's URL.
func startServer(t *testing.T, settings ...string) string {
	t.Helper()
	command := exec.Command(binary)
	command.Env = append([]string{"PORT=0", "COPILOTKIT_MODEL=demo", "HOME=" + os.Getenv("HOME")}, settings...)
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("start the server (make build builds it): %v", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	banner := regexp.MustCompile(`runtimeUrl\s+(\S+)`)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if match := banner.FindStringSubmatch(lines.Text()); match != nil {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return match[1]
		}
	}
	t.Fatal("the server ended without naming its address")
	return ""
}
