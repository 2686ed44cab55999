package otel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metricsv1 "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/telemetry"
	"github.com/copilotkit-go/runtime/test/otlptest"
)

// everything lets an observer see everything that there is, once.
func everything(observer telemetry.Observer) {
	counts := func(n int64) *int64 { return &n }
	serve(observer, nil, func(ctx context.Context) {
		ctx, ended := observer.Run(ctx, telemetry.Run{AgentID: "default", ThreadID: "thread-1", RunID: "run-1", Kind: "run", User: "ada"})
		within, answered := observer.Model(ctx, telemetry.ModelCall{Provider: "bedrock", Model: "claude"})
		_, called := observer.Call(within, telemetry.Call{Method: "POST", URL: mustParse("https://user:secret@model.example/secret?key=secret")})
		called(telemetry.CallResult{Status: 429})
		answered(telemetry.ModelResult{
			FirstToken: time.Second, Provider: "bedrock", Model: "claude-1", FinishReason: "stop",
			Usage: &agui.TokenUsage{InputTokens: counts(100), OutputTokens: counts(7), CachedInputTokens: counts(3)},
		})
		_, returned := observer.Tool(ctx, telemetry.ToolCall{Name: "weather", ID: "call-1"})
		returned(telemetry.ToolResult{Err: errors.New("a secret")})
		for range 3 {
			_, appended := observer.Store(ctx, telemetry.StoreCall{Store: "postgres", Method: "Append", ThreadID: "thread-1", Records: 5, Frequent: true})
			appended(nil)
		}
		_, finished := observer.Store(ctx, telemetry.StoreCall{Store: "postgres", Method: "Finish", ThreadID: "thread-1"})
		finished(context.DeadlineExceeded)
		observer.Count(ctx, telemetry.LockedThreads, 2)
		observer.Count(ctx, telemetry.ClosedOrphans, 1)
		observer.Count(ctx, telemetry.HitLimits, 1)
		observer.Count(ctx, telemetry.Followers, 3)
		observer.Count(ctx, telemetry.Followers, -1)
		ended(telemetry.RunResult{
			Outcome: "agent error", Code: "AGENT_ERROR", FirstEvent: 2 * time.Second, Events: 15, Steps: 1,
			InputTokens: 100, OutputTokens: 7, Err: errors.New("a secret"),
		})
	})
}

// series returns the points of metrics as text.
func series(t *testing.T, groups ...*metricsv1.ResourceMetrics) (lines []string) {
	t.Helper()
	for _, group := range groups {
		for _, scope := range group.ScopeMetrics {
			for _, metric := range scope.Metrics {
				switch data := metric.Data.(type) {
				case *metricsv1.Metric_Sum:
					for _, p := range data.Sum.DataPoints {
						lines = append(lines, fmt.Sprint(metric.Name, " ", otlptest.Attributes(p.Attributes), " ", p.GetAsInt()))
					}
				case *metricsv1.Metric_Histogram:
					for _, p := range data.Histogram.DataPoints {
						if len(p.BucketCounts) != len(p.ExplicitBounds)+1 || p.StartTimeUnixNano == 0 || p.TimeUnixNano < p.StartTimeUnixNano {
							t.Errorf("%s is not well-formed: %v", metric.Name, p)
						}
						lines = append(lines, fmt.Sprint(metric.Name, " ", otlptest.Attributes(p.Attributes), " ", p.Count))
					}
				default:
					t.Errorf("%s has %T", metric.Name, data)
				}
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func TestWhatIsMeasured(t *testing.T) {
	collector := otlptest.New(t)
	observer := start(t, newConfig(t, collector.URL))
	everything(observer)
	serve(observer, nil, nil)
	all := collector.Metrics()
	got := strings.Join(series(t, all[len(all)-1]), "\n")
	want := `copilotkit.followers map[] 2
copilotkit.limits.hit map[] 1
copilotkit.orphans.closed map[] 1
copilotkit.run.active map[gen_ai.agent.name:default] 0
copilotkit.run.duration map[copilotkit.run.kind:run copilotkit.run.outcome:agent error error.type:AGENT_ERROR gen_ai.agent.name:default] 1
copilotkit.run.time_to_first_event map[copilotkit.run.kind:run gen_ai.agent.name:default] 1
copilotkit.threads.locked map[] 2
copilotkit.tool.duration map[error.type:_OTHER gen_ai.tool.name:weather] 1
db.client.operation.duration map[db.operation.name:Append db.system.name:postgresql] 3
db.client.operation.duration map[db.operation.name:Finish db.system.name:postgresql error.type:timeout] 1
gen_ai.client.operation.duration map[gen_ai.operation.name:chat gen_ai.provider.name:aws.bedrock gen_ai.request.model:claude gen_ai.response.model:claude-1] 1
gen_ai.client.operation.time_to_first_chunk map[gen_ai.operation.name:chat gen_ai.provider.name:aws.bedrock gen_ai.request.model:claude gen_ai.response.model:claude-1] 1
gen_ai.client.token.usage map[gen_ai.operation.name:chat gen_ai.provider.name:aws.bedrock gen_ai.request.model:claude gen_ai.response.model:claude-1 gen_ai.token.type:input] 1
gen_ai.client.token.usage map[gen_ai.operation.name:chat gen_ai.provider.name:aws.bedrock gen_ai.request.model:claude gen_ai.response.model:claude-1 gen_ai.token.type:output] 1
http.client.request.duration map[error.type:429 http.request.method:POST http.response.status_code:429 server.address:model.example server.port:443] 1
http.server.request.duration map[http.request.method:POST http.response.status_code:200 http.route:agent/run url.scheme:http] 2`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, span := range collector.Spans() {
		if text := span.String(); strings.Contains(text, "secret") {
			t.Errorf("a span shows a secret: %s", text)
		}
		if span.Name == "invoke_agent default" {
			attributes := otlptest.Attributes(span.Attributes)
			if attributes["copilotkit.store.appends"] != int64(3) || attributes["copilotkit.store.append_records"] != int64(15) || attributes["gen_ai.provider.name"] != "aws.bedrock" {
				t.Errorf("the run has %v", attributes)
			}
		}
		if strings.HasPrefix(span.Name, "Append") {
			t.Errorf("there is a span %s", span.Name)
		}
	}
}

func TestMetricsAreSinceTheBeginningOrDifferences(t *testing.T) {
	for _, delta := range []bool{false, true} {
		collector := otlptest.New(t)
		config := newConfig(t, collector.URL)
		config.Delta = delta
		observer := start(t, config)
		observer.Count(t.Context(), telemetry.Followers, 5)
		for range 3 {
			observer.Count(t.Context(), telemetry.HitLimits, 2)
			serve(observer, nil, nil)
		}
		var got []string
		for _, export := range collector.Metrics() {
			for _, line := range series(t, export) {
				if strings.HasPrefix(line, "copilotkit.limits.hit") || strings.HasPrefix(line, "copilotkit.followers") {
					got = append(got, line)
				}
			}
		}
		want := []string{"2", "4", "6"}
		if delta {
			want = []string{"2", "2", "2"}
		}
		for i, n := range want {
			if line := got[2*i] + "; " + got[2*i+1]; line != "copilotkit.followers map[] 5; copilotkit.limits.hit map[] "+n {
				t.Errorf("with delta %t export %d is %s", delta, i, line)
			}
		}
	}
}

func TestDifferencesThatCouldNotBeSentAreInTheNextOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := newConfig(t, "http://collector.example")
		config.Delta, config.Traces = true, nil
		fail, exports := true, []*metricsv1.ResourceMetrics{}
		config.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if fail {
				return nil, errors.New("no network")
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			var data metricsv1.MetricsData
			if err := proto.Unmarshal(body, &data); err != nil {
				return nil, err
			}
			exports = append(exports, data.ResourceMetrics...)
			return answer(http.StatusOK), nil
		})}
		observer := start(t, config)
		for range 3 {
			observer.Count(t.Context(), telemetry.HitLimits, 2)
			timed(observer, time.Millisecond)
		}
		fail = false
		time.Sleep(time.Minute)
		timed(observer, time.Millisecond) // tries, and then exports its own
		got := strings.Join(series(t, exports...), "\n")
		if !strings.Contains(got, "copilotkit.limits.hit map[] 6") || strings.Count(got, "copilotkit.limits.hit") != 1 {
			t.Errorf("got\n%s", got)
		}
	})
}

func TestWhatOthersMakeUpBecomesFewSeries(t *testing.T) {
	collector := otlptest.New(t)
	config := newConfig(t, collector.URL)
	config.Sampler.Ratio = 0
	observer := start(t, config)
	for n := range 3000 {
		made := fmt.Sprintf("made-up-%d", n)
		_, ended := observer.Run(t.Context(), telemetry.Run{AgentID: made, Kind: "run"})
		ended(telemetry.RunResult{Outcome: "run error", Code: made + "\xff"})
		_, ended = observer.Run(t.Context(), telemetry.Run{AgentID: "default", Kind: "run"})
		ended(telemetry.RunResult{Outcome: "run error", Code: made})
		_, answered := observer.Model(t.Context(), telemetry.ModelCall{Provider: "openai", Model: made})
		answered(telemetry.ModelResult{Model: made, Err: errors.New("x"), Code: made})
		_, returned := observer.Tool(t.Context(), telemetry.ToolCall{Name: made})
		returned(telemetry.ToolResult{})
		_, called := observer.Call(t.Context(), telemetry.Call{Method: "GET", URL: mustParse("http://" + made)})
		called(telemetry.CallResult{Status: 200})
	}
	serve(observer, nil, nil)
	lines := series(t, collector.Metrics()...)
	if len(lines) > 2500 {
		t.Errorf("there are %d series", len(lines))
	}
	for _, prefix := range []string{"copilotkit.run.duration", "gen_ai.client.operation.duration", "copilotkit.tool.duration", "http.client.request.duration"} {
		n := 0
		for _, line := range lines {
			if strings.HasPrefix(line, prefix) {
				n++
			}
		}
		if n < 10 || n > 1001 {
			t.Errorf("%s has %d series", prefix, n)
		}
	}
	if all := strings.Join(lines, "\n"); !strings.Contains(all, "_OTHER") {
		t.Error("nothing is counted together")
	}
}

// documentedCodes are the codes of RUN_ERROR that docs/operations.md explains.
func documentedCodes(t *testing.T) (codes []string) {
	t.Helper()
	page, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "RUN_ERROR's `code`")
	table, _, _ = strings.Cut(table, "Answers with an HTTP error")
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)`").FindAllStringSubmatch(table, -1) {
		codes = append(codes, row[1])
	}
	if len(codes) < 20 {
		t.Fatalf("the page has the codes %v", codes)
	}
	return codes
}

func TestWhateverCodesOthersMakeUpTheRuntimesOwnAreToldApart(t *testing.T) {
	collector := otlptest.New(t)
	observer := start(t, newConfig(t, collector.URL))
	serve(observer, nil, func(ctx context.Context) {
		for n := range 500 {
			_, ended := observer.Run(ctx, telemetry.Run{AgentID: "remote", Kind: "run"})
			ended(telemetry.RunResult{Outcome: "run error", Code: fmt.Sprintf("failure-%d", n)})
		}
		for _, code := range documentedCodes(t) {
			_, ended := observer.Run(ctx, telemetry.Run{AgentID: "default", Kind: "run"})
			ended(telemetry.RunResult{Outcome: "agent failed", Code: code})
		}
	})
	lines := strings.Join(series(t, collector.Metrics()...), "\n")
	for _, code := range documentedCodes(t) {
		if !strings.Contains(lines, "error.type:"+code+" gen_ai.agent.name:default") {
			t.Errorf("the runs that failed with %s aren't told apart", code)
		}
	}
	if !strings.Contains(lines, "error.type:_OTHER gen_ai.agent.name:remote") {
		t.Error("the other codes aren't counted together")
	}
}

func TestWhatAnAgentSaysInThePlaceOfACodeIsNotExported(t *testing.T) {
	collector := otlptest.New(t)
	observer := start(t, newConfig(t, collector.URL))
	serve(observer, nil, func(ctx context.Context) {
		_, ended := observer.Run(ctx, telemetry.Run{AgentID: "remote", Kind: "run"})
		ended(telemetry.RunResult{Outcome: "run error", Code: "no such city: a secret", FinishReason: "since a secret"})
	})
	for _, span := range collector.Spans() {
		if strings.Contains(span.String(), "secret") {
			t.Errorf("a span shows a secret: %s", span)
		}
	}
	if lines := strings.Join(series(t, collector.Metrics()...), "\n"); strings.Contains(lines, "secret") {
		t.Errorf("a metric shows a secret:\n%s", lines)
	}
}

func TestPrometheusCanReadWhateverTheResourceIsCalled(t *testing.T) {
	config := newConfig(t, "http://collector.example")
	config.Traces, config.Metrics, config.Freezes = nil, nil, false
	config.Resource = map[string]string{"host.name": "a", "host_name": "b", "1st": "c", "bad": "\xff"}
	recorder := httptest.NewRecorder()
	start(t, config).PrometheusHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if text, want := recorder.Body.String(), "target_info{_1st=\"c\",bad=\"\uFFFD\",host_name=\"a;b\"} 1\n"; !strings.Contains(text, want) {
		t.Errorf("there is no %s in\n%s", want, text)
	}
}

func TestPrometheusReadsTheSameMetrics(t *testing.T) {
	config := newConfig(t, "http://collector.example")
	config.Traces, config.Metrics, config.Freezes = nil, nil, false
	config.Resource = map[string]string{"service.name": "a \"quoted\" \\ name\nand more"}
	observer := start(t, config)
	everything(observer)
	recorder := httptest.NewRecorder()
	observer.PrometheusHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	text := recorder.Body.String()
	for _, want := range []string{
		`target_info{service_name="a \"quoted\" \\ name\nand more"} 1`,
		"# TYPE copilotkit_limits_hit_total counter\ncopilotkit_limits_hit_total 1\n",
		"# TYPE copilotkit_followers gauge\ncopilotkit_followers 2\n",
		`copilotkit_run_duration_seconds_count{gen_ai_agent_name="default",copilotkit_run_kind="run",copilotkit_run_outcome="agent error",error_type="AGENT_ERROR"} 1`,
		`gen_ai_client_token_usage_bucket{gen_ai_operation_name="chat",gen_ai_provider_name="aws.bedrock",gen_ai_request_model="claude",gen_ai_response_model="claude-1",gen_ai_token_type="input",le="64"} 0`,
		`gen_ai_token_type="input",le="256"} 1`, `gen_ai_token_type="input",le="+Inf"} 1`,
		`http_server_request_duration_seconds_sum{http_request_method="POST",url_scheme="http",http_route="agent/run",http_response_status_code="200"} `,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
}
