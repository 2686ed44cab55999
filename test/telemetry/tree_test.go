package telemetry_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/test/otlptest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

const (
	callerTrace  = "0af7651916cd43dd8448eb211c80319c"
	callerSpan   = "b7ad6b7169203331"
	callerParent = "00-" + callerTrace + "-" + callerSpan + "-01"
)

// twoSteps is a model that calls a tool and then answers.
func twoSteps() []scriptedmodel.Answer {
	return []scriptedmodel.Answer{
		{Deltas: scriptedmodel.ToolCall(0, "call-1", "weather", `{"city":"a secret city"}`), Usage: json.RawMessage(`{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25}`)},
		{Text: "a secret answer", Usage: json.RawMessage(`{"prompt_tokens":30,"completion_tokens":4,"total_tokens":34}`)},
	}
}

func weather() bundle.Option {
	return bundle.WithTool(agent.Tool("weather", "", func(context.Context, struct {
		City string `json:"city"`
	}) (string, error) {
		return "a secret result", nil
	}))
}

func TestTheSpansOfARunAreATree(t *testing.T) {
	collector := otlptest.New(t)
	redis := redistest.Start(t)
	otel := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL, "OTEL_BSP_SCHEDULE_DELAY=20", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip"}

	remoteEnv, remoteModel := modelEnv(t, scriptedmodel.Answer{Text: "from afar"})
	_, remote := serve(t, append(append(remoteEnv, "OTEL_SERVICE_NAME=remote"), otel...))
	env, model := modelEnv(t, twoSteps()...)
	_, d := serve(t, append(append(env,
		"COPILOTKIT_STORE="+redis.URL(), "OTEL_SERVICE_NAME=chat",
		"COPILOTKIT_AGENTS=remote="+remote.URL+"/api/copilotkit/agent/default/run?token=a-secret-token"), otel...), weather())

	run(t, d, "default", "thread-1", http.Header{"Traceparent": {callerParent}, "Tracestate": {"vendor=1"}})
	awaitTree(t, collector, callerTrace, `POST agent/run
  Begin redis
  invoke_agent default
    chat gpt-4o
      POST
    execute_tool weather
    chat gpt-4o
      POST
    Finish redis
`)
	for i, request := range model.Requests() {
		parent := request.Header.Get("Traceparent")
		if !strings.HasPrefix(parent, "00-"+callerTrace+"-") || strings.Contains(parent, callerSpan) || request.Header.Get("Tracestate") != "vendor=1" {
			t.Errorf("request %d to the model has traceparent %q, tracestate %q", i, parent, request.Header.Get("Tracestate"))
		}
	}

	run(t, d, "remote", "thread-2", nil)
	spans := collector.Await(t, "invoke_agent remote")
	last := spans[slices.IndexFunc(spans, func(s *tracev1.Span) bool { return s.Name == "invoke_agent remote" })]
	awaitTree(t, collector, hex.EncodeToString(last.TraceId), `POST agent/run
  Begin redis
  invoke_agent remote
    POST
      POST agent/run
        invoke_agent default
          chat gpt-4o
            POST
    Finish redis
`)
	if parent := remoteModel.Requests()[0].Header.Get("Traceparent"); !strings.HasPrefix(parent, "00-"+hex.EncodeToString(last.TraceId)) {
		t.Errorf("the remote agent's model got traceparent %q", parent)
	}
	checkSpans(t, collector)
}

// awaitTree waits until the spans of a trace are a tree.
func awaitTree(t *testing.T, collector *otlptest.Collector, trace, want string) {
	t.Helper()
	var tree string
	collector.Until(t, func() bool {
		tree = otlptest.Tree(withTrace(collector.Spans(), trace))
		return strings.Count(tree, "\n") >= strings.Count(want, "\n")
	})
	if tree != want {
		t.Fatalf("the tree is\n%swant\n%s", tree, want)
	}
}

func withTrace(spans []*tracev1.Span, trace string) []*tracev1.Span {
	return slices.DeleteFunc(spans, func(s *tracev1.Span) bool { return hex.EncodeToString(s.TraceId) != trace })
}

// checkSpans checks the attributes of all spans.
func checkSpans(t *testing.T, collector *otlptest.Collector) {
	t.Helper()
	known := conventions(t)
	for _, span := range collector.Spans() {
		attributes := otlptest.Attributes(span.Attributes)
		for name := range attributes {
			if !slices.Contains(known, name) && !strings.HasPrefix(name, "copilotkit.") {
				t.Errorf("%s has the attribute %s, which the conventions don't know", span.Name, name)
			}
		}
		if len(span.TraceId) != 16 || len(span.SpanId) != 8 || span.StartTimeUnixNano == 0 || span.EndTimeUnixNano < span.StartTimeUnixNano {
			t.Errorf("%s is not well-formed: %v", span.Name, span)
		}
		encoded, err := json.Marshal(attributes)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(encoded, []byte("secret")) {
			t.Errorf("%s shows a secret: %s", span.Name, encoded)
		}
		for _, want := range required[strings.Fields(span.Name)[0]] {
			if attributes[want] == nil {
				t.Errorf("%s has no %s: %s", span.Name, want, encoded)
			}
		}
	}
	for _, resource := range collector.Resources() {
		if name := resource["service.name"]; name != "chat" && name != "remote" {
			t.Errorf("a resource is %v", resource)
		}
		for name := range resource {
			if !slices.Contains(known, name) {
				t.Errorf("the resource has the attribute %s, which the conventions don't know", name)
			}
		}
	}
}

// required are attributes that spans must have, by the first word of their names.
var required = map[string][]string{
	"invoke_agent": {
		"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.agent.name", "gen_ai.conversation.id", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
		"copilotkit.run.id", "copilotkit.run.outcome", "copilotkit.run.time_to_first_event", "gen_ai.response.finish_reasons",
	},
	"chat": {
		"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.finish_reasons",
		"gen_ai.response.time_to_first_chunk", "gen_ai.request.stream",
	},
	"execute_tool": {"gen_ai.operation.name", "gen_ai.tool.name", "gen_ai.tool.call.id", "gen_ai.tool.type"},
	"Begin":        {"db.system.name", "db.operation.name", "gen_ai.conversation.id"},
	"Finish":       {"db.system.name", "db.operation.name"},
	"POST":         {"http.request.method", "http.response.status_code"},
}
