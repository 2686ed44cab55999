package builtin_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// scenario is a run that the reference runtime was given too; capture.mjs in the
// same folder wrote down what it did.
type scenario struct {
	Script scriptedmodel.Script `json:"script"`
	Config struct {
		Prompt                   string             `json:"prompt"`
		MaxSteps                 int                `json:"maxSteps"`
		Temperature              *float64           `json:"temperature"`
		TopP                     *float64           `json:"topP"`
		MaxOutputTokens          *int               `json:"maxOutputTokens"`
		PresencePenalty          *float64           `json:"presencePenalty"`
		FrequencyPenalty         *float64           `json:"frequencyPenalty"`
		StopSequences            []string           `json:"stopSequences"`
		Seed                     *int               `json:"seed"`
		ToolChoice               model.ToolChoice   `json:"toolChoice"`
		OverridableProperties    []builtin.Property `json:"overridableProperties"`
		ForwardSystemMessages    bool               `json:"forwardSystemMessages"`
		ForwardDeveloperMessages bool               `json:"forwardDeveloperMessages"`
		Tools                    []struct {
			Name             string          `json:"name"`
			Description      string          `json:"description"`
			Parameters       json.RawMessage `json:"parameters"`
			Result           json.RawMessage `json:"result"`
			Failure          string          `json:"failure"`
			Interrupt        bool            `json:"interrupt"`
			InterruptReason  string          `json:"interruptReason"`
			InterruptMessage string          `json:"interruptMessage"`
		} `json:"tools"`
	} `json:"config"`
	Input     json.RawMessage `json:"input"`
	Reference struct {
		Events   []map[string]any `json:"events"`
		Requests []map[string]any `json:"requests"`
	} `json:"reference"`
}

// differences are the places where this agent does otherwise than the reference.
var differences = map[string]struct {
	why string
	// events are added by this agent, with the index that they stand at.
	events map[int]string
	// messages are in place of the reference's, by the index of the request.
	messages map[int]string
	failure  string
}{
	"server-tool-fails": {
		why:      "a failed tool leaves no call without a result in the thread",
		events:   map[int]string{3: `TOOL_CALL_RESULT {"content":"{\"error\":\"no such city\"}","messageId":"m2","toolCallId":"call_1"}`},
		messages: map[int]string{1: `{"content":"{\"error\":\"no such city\"}","role":"tool","tool_call_id":"call_1"}`},
	},
	"provider-error": {
		why:     "the provider's words can quote keys",
		failure: "auth_failed",
	},
	"provider-error-midstream": {
		why:     "the provider's words can quote keys; and what was said before the error is kept",
		failure: "provider_unavailable",
	},
	"multimodal": {
		why: "files without a name are called document",
	},
}

func TestRunsLookLikeTheReferences(t *testing.T) {
	files, err := filepath.Glob("testdata/reference/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var s scenario
			if err := json.Unmarshal(data, &s); err != nil {
				t.Fatal(err)
			}
			compareScenario(t, name, &s)
		})
	}
}

func compareScenario(t *testing.T, name string, s *scenario) {
	p := scripted(t, s.Script.Answers...)
	a := p.agent(t, s.config())
	input, err := agui.UnmarshalRunAgentInput(s.Input)
	if err != nil {
		t.Fatal(err)
	}
	events, err := agenttest.Collect(a.Run(t.Context(), input))
	different := differences[name]

	if different.failure != "" {
		var failed *agent.Error
		if !errors.As(err, &failed) || failed.Code != different.failure {
			t.Errorf("the run failed with %v, want code %s", err, different.failure)
		}
		if last := s.Reference.Events[len(s.Reference.Events)-1]; last["type"] != "RUN_ERROR" {
			t.Errorf("the reference's run ended with %v", last)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	// RUN_STARTED is the runner's.
	want := agenttest.ObjectLines(t, s.Reference.Events[1:])
	for _, at := range slices.Sorted(maps.Keys(different.events)) {
		want = slices.Insert(want, at, different.events[at])
	}
	got := agenttest.Lines(t, events)
	if different.events != nil { // what is added takes a number
		want, got = unnumbered(want), unnumbered(got)
	}
	agenttest.WantLines(t, got, want...)
	compareRequests(t, p, s.Reference.Requests, different.messages)
}

// compareRequests compares what both sent to the provider: everything but the
// wording of the system prompt, the state tools' descriptions and the order of keys.
func compareRequests(t *testing.T, p provider, want []map[string]any, replaced map[int]string) {
	t.Helper()
	if got := len(p.Requests()); got != len(want) {
		t.Fatalf("the model was called %d times, want %d", got, len(want))
	}
	for i, reference := range want {
		request := p.Request(t, i)
		gotMessages, wantMessages := plainMessages(t, request), plainMessages(t, reference)
		if last, ok := replaced[i]; ok {
			wantMessages[len(wantMessages)-1] = last
		}
		agenttest.WantLines(t, gotMessages, wantMessages...)
		gotTools, wantTools := plainTools(t, request), plainTools(t, reference)
		agenttest.WantLines(t, gotTools, wantTools...)
		if request["tool_choice"] == nil {
			request["tool_choice"] = "auto"
		}
		if limit, ok := request["max_tokens"]; ok {
			request["max_tokens"] = limit
		}
		// The reference asks some providers for a count of tokens, this agent most.
		for _, key := range []string{"messages", "tools", "stream_options"} {
			delete(request, key)
			delete(reference, key)
		}
		if got, want := agenttest.Compact(t, request), agenttest.Compact(t, reference); got != want {
			t.Errorf("request %d: got %s, want %s", i, got, want)
		}
	}
}

func plainMessages(t *testing.T, request map[string]any) []string {
	var result []string
	for _, value := range request["messages"].([]any) {
		message := value.(map[string]any)
		if message["role"] == "system" && strings.Contains(message["content"].(string), "##") {
			message["content"] = "(prompt)"
		}
		if message["content"] == nil {
			delete(message, "content")
		}
		line := agenttest.Compact(t, message)
		result = append(result, strings.ReplaceAll(line, "part-3.pdf", "document.pdf"))
	}
	return result
}

// plainTools returns the tools of a request, the state's in name only. A schema
// that says nothing of additional properties means the same as {}.
func plainTools(t *testing.T, request map[string]any) []string {
	var result []string
	for _, value := range request["tools"].([]any) {
		tool := value.(map[string]any)["function"].(map[string]any)
		if name := tool["name"].(string); strings.HasPrefix(name, "AGUI") {
			result = append(result, name)
			continue
		}
		result = append(result, strings.ReplaceAll(agenttest.Compact(t, tool), `"additionalProperties":{},`, ""))
	}
	return result
}

func unnumbered(all []string) []string {
	var result []string
	for _, line := range all {
		var object map[string]any
		kind, data, _ := strings.Cut(line, " ")
		if json.Unmarshal([]byte(data), &object) == nil {
			delete(object, "messageId")
			delete(object, "parentMessageId")
			encoded, _ := json.Marshal(object)
			line = kind + " " + string(encoded)
		}
		result = append(result, line)
	}
	return result
}

func (s *scenario) config() builtin.Config {
	c := s.Config
	config := builtin.Config{
		// The reference's default is 1 whatever the tools are.
		Prompt: c.Prompt, MaxSteps: max(c.MaxSteps, 1), Overridable: c.OverridableProperties,
		ForwardSystemMessages: c.ForwardSystemMessages, ForwardDeveloperMessages: c.ForwardDeveloperMessages,
		Settings: model.Settings{
			Temperature: c.Temperature, TopP: c.TopP, MaxOutputTokens: c.MaxOutputTokens,
			PresencePenalty: c.PresencePenalty, FrequencyPenalty: c.FrequencyPenalty,
			Stop: c.StopSequences, Seed: c.Seed, ToolChoice: c.ToolChoice,
		},
	}
	for _, tool := range c.Tools {
		server := agent.ServerTool{Name: tool.Name, Description: tool.Description, Parameters: tool.Parameters}
		if tool.Interrupt {
			server.Interrupt = &agent.Question{Reason: tool.InterruptReason, Message: tool.InterruptMessage}
		} else {
			server.Call = func(context.Context, json.RawMessage) (json.RawMessage, error) {
				if tool.Failure != "" {
					return nil, errors.New(tool.Failure)
				}
				return tool.Result, nil
			}
		}
		config.Tools = append(config.Tools, server)
	}
	return config
}
