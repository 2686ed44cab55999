package otel

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/copilotkit-go/runtime/core/telemetry"
)

// knownMethod returns a method, or "_OTHER" for one that the conventions don't know.
func knownMethod(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY":
		return method
	}
	return other
}

// Request begins the span of a request, below that of its caller. Where instances freeze,
// its end exports what there is, which takes 200 milliseconds at most.
func (t *Telemetry) Request(ctx context.Context, request telemetry.Request) (context.Context, func(telemetry.RequestResult)) {
	leave := t.enter()
	r := request.Request
	method := knownMethod(r.Method)
	s := &span{kind: kindServer, start: time.Now()}
	t.root(s, t.extract(ctx, r.Header))
	if t.config.Traces != nil {
		s.spanID = newSpanID()
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	t.set(s, text("http.request.method", method), text("url.scheme", scheme), text("url.path", r.URL.Path))
	if method == other {
		t.set(s, text("http.request.method_original", cut(r.Method, maxWord)))
	}
	if agent := r.UserAgent(); agent != "" {
		t.set(s, text("user_agent.original", cut(agent, 2*maxWord)))
	}
	if request.ID != "" {
		t.set(s, text("copilotkit.request.id", request.ID))
	}
	if t.config.Freezes {
		t.set(s, boolean("faas.coldstart", !t.served.Swap(true)))
	}
	return context.WithValue(ctx, spanKey{}, s), func(result telemetry.RequestResult) {
		defer leave()
		s.name = method
		attributes := make([]attribute, 0, 5)
		attributes = append(attributes, text("http.request.method", method), text("url.scheme", scheme))
		if result.Route != "" {
			s.name += " " + result.Route
			t.set(s, text("http.route", result.Route))
			attributes = append(attributes, text("http.route", result.Route))
		}
		if result.Status != 0 {
			t.set(s, integer("http.response.status_code", int64(result.Status)))
			attributes = append(attributes, integer("http.response.status_code", int64(result.Status)))
		}
		if result.User != "" {
			t.set(s, text("user.id", cut(result.User, 2*maxWord)))
		}
		if result.Status >= http.StatusInternalServerError || result.Status == 0 && result.Err != nil {
			class := errorType(result.Err)
			if result.Status != 0 {
				class = strconv.Itoa(result.Status)
			}
			t.fail(s, class, t.detail(result.Err))
			attributes = append(attributes, text("error.type", class))
		}
		t.metrics.requests.record(time.Since(s.start).Seconds(), attributes...)
		t.end(s)
	}
}

// Run begins the span of a run.
func (t *Telemetry) Run(ctx context.Context, run telemetry.Run) (context.Context, func(telemetry.RunResult)) {
	ctx, s := t.begin(ctx, kindInternal, "invoke_agent "+run.AgentID)
	s.run = &runTotals{}
	t.set(s, text("gen_ai.operation.name", "invoke_agent"), text("gen_ai.agent.name", run.AgentID),
		text("gen_ai.conversation.id", run.ThreadID), text("copilotkit.run.id", run.RunID), text("copilotkit.run.kind", run.Kind))
	if run.User != "" {
		t.set(s, text("user.id", run.User))
	}
	agent := text("gen_ai.agent.name", t.metrics.agents.keep(run.AgentID))
	kind := text("copilotkit.run.kind", run.Kind)
	t.metrics.activeRuns.record(1, agent)
	return ctx, func(result telemetry.RunResult) {
		t.metrics.activeRuns.record(-1, agent)
		if result.FirstEvent > 0 {
			t.set(s, float("copilotkit.run.time_to_first_event", result.FirstEvent.Seconds()))
			t.metrics.firstEvent.record(result.FirstEvent.Seconds(), agent, kind)
		}
		outcome := text("copilotkit.run.outcome", result.Outcome)
		t.set(s, outcome, integer("copilotkit.run.steps", int64(result.Steps)), integer("copilotkit.run.events", int64(result.Events)),
			integer("gen_ai.usage.input_tokens", result.InputTokens), integer("gen_ai.usage.output_tokens", result.OutputTokens))
		if result.EstimatedTokens > 0 {
			t.set(s, integer("copilotkit.usage.estimated_tokens", result.EstimatedTokens))
		}
		if result.FinishReason != "" {
			t.set(s, texts("gen_ai.response.finish_reasons", word(result.FinishReason)))
		}
		t.setTotals(s)
		took := time.Since(s.start).Seconds()
		if result.Code == "" {
			t.metrics.runs.record(took, agent, kind, outcome)
		} else {
			code := word(result.Code)
			t.fail(s, code, t.detail(result.Err))
			t.metrics.runs.record(took, agent, kind, outcome, text("error.type", t.metrics.codes.keep(code)))
		}
		t.end(s)
	}
}

// setTotals sets what was counted of a run.
func (t *Telemetry) setTotals(s *span) {
	totals := s.run
	if name := totals.model.Load(); name != nil {
		t.set(s, text("gen_ai.provider.name", name.provider), text("gen_ai.request.model", name.model))
	} else {
		t.set(s, text("gen_ai.provider.name", other)) // it must be there
	}
	if n := totals.appends.Load(); n > 0 {
		t.set(s, integer("copilotkit.store.appends", n), integer("copilotkit.store.append_records", totals.appended.Load()),
			integer("copilotkit.store.append_failures", totals.appendFailures.Load()),
			float("copilotkit.store.append_duration", time.Duration(totals.appendTime.Load()).Seconds()))
	}
}

// Tool begins the span of a call of a tool.
func (t *Telemetry) Tool(ctx context.Context, call telemetry.ToolCall) (context.Context, func(telemetry.ToolResult)) {
	ctx, s := t.begin(ctx, kindInternal, "execute_tool "+call.Name)
	t.set(s, text("gen_ai.operation.name", "execute_tool"), text("gen_ai.tool.name", call.Name),
		text("gen_ai.tool.call.id", call.ID), text("gen_ai.tool.type", "function"))
	if t.config.Content {
		t.set(s, text("gen_ai.tool.call.arguments", call.Arguments))
	}
	return ctx, func(result telemetry.ToolResult) {
		attributes := []attribute{text("gen_ai.tool.name", t.metrics.toolNames.keep(call.Name))}
		if t.config.Content && (result.Err == nil || errors.Is(result.Err, telemetry.ErrToolResult)) {
			t.set(s, text("gen_ai.tool.call.result", result.Result))
		}
		if result.Err != nil {
			class := errorType(result.Err)
			t.fail(s, class, t.detail(result.Err))
			attributes = append(attributes, text("error.type", class))
		}
		t.metrics.tools.record(time.Since(s.start).Seconds(), attributes...)
		t.end(s)
	}
}

// systemName returns the name that the conventions have for a store, by the scheme of its
// address.
func systemName(scheme string) string {
	switch scheme {
	case "rediss":
		return "redis"
	case "postgres":
		return "postgresql"
	case "dynamodb":
		return "aws.dynamodb"
	}
	return scheme
}

// Store begins the span of a call of the store. One that is frequent has none, unless it
// fails: the span of its run says how many there were and how long they took. Nor has one
// that belongs to no request, such as a probe's.
func (t *Telemetry) Store(ctx context.Context, call telemetry.StoreCall) (context.Context, func(error)) {
	if call.Frequent || current(ctx) == nil {
		start := time.Now()
		return ctx, func(err error) { t.endFrequent(ctx, &call, start, err) }
	}
	ctx, s := t.begin(ctx, kindClient, storeSpanName(&call))
	return ctx, func(err error) { t.endStore(s, &call, err) }
}

func storeSpanName(call *telemetry.StoreCall) string {
	return call.Method + " " + systemName(call.Store)
}

func (t *Telemetry) endFrequent(ctx context.Context, call *telemetry.StoreCall, start time.Time, err error) {
	if s := current(ctx); s != nil && s.run != nil && call.Records > 0 {
		s.run.appends.Add(1)
		s.run.appended.Add(int64(call.Records))
		s.run.appendTime.Add(int64(time.Since(start)))
		if err != nil {
			s.run.appendFailures.Add(1)
		}
	}
	switch {
	case err == nil:
		t.recordStore(call, start, "")
		return
	case current(ctx) == nil:
		t.recordStore(call, start, errorType(err))
		return
	}
	_, s := t.begin(ctx, kindClient, storeSpanName(call))
	s.start = start
	t.endStore(s, call, err)
}

func (t *Telemetry) endStore(s *span, call *telemetry.StoreCall, err error) {
	class := ""
	if err != nil {
		class = errorType(err)
		t.fail(s, class, t.detail(err))
	}
	t.recordStore(call, s.start, class)
	t.set(s, text("db.system.name", systemName(call.Store)), text("db.operation.name", call.Method))
	if call.ThreadID != "" {
		t.set(s, text("gen_ai.conversation.id", call.ThreadID))
	}
	if call.Records > 0 {
		t.set(s, integer("db.operation.batch.size", int64(call.Records)))
	}
	t.end(s)
}

func (t *Telemetry) recordStore(call *telemetry.StoreCall, start time.Time, class string) {
	attributes := append(make([]attribute, 0, 3), text("db.system.name", systemName(call.Store)), text("db.operation.name", call.Method))
	if class != "" {
		attributes = append(attributes, text("error.type", class))
	}
	t.metrics.store.record(time.Since(start).Seconds(), attributes...)
}

// Call begins the span of a request to another server.
func (t *Telemetry) Call(ctx context.Context, call telemetry.Call) (context.Context, func(telemetry.CallResult)) {
	ctx, s := t.begin(ctx, kindClient, call.Method)
	host, port := call.URL.Hostname(), portOf(call.URL)
	// What is behind the host may be a secret.
	t.set(s, text("http.request.method", call.Method), text("server.address", host), integer("server.port", port),
		text("url.full", call.URL.Scheme+"://"+call.URL.Host))
	if call.Resend > 0 {
		t.set(s, integer("http.request.resend_count", int64(call.Resend)))
	}
	return ctx, func(result telemetry.CallResult) {
		attributes := make([]attribute, 0, 5)
		attributes = append(attributes, text("http.request.method", call.Method),
			text("server.address", t.metrics.hosts.keep(host)), integer("server.port", port))
		class := ""
		if result.Status != 0 {
			t.set(s, integer("http.response.status_code", int64(result.Status)))
			attributes = append(attributes, integer("http.response.status_code", int64(result.Status)))
		}
		switch {
		case result.Err != nil:
			class = errorType(result.Err)
		case result.Status >= http.StatusBadRequest:
			class = strconv.Itoa(result.Status)
		}
		if class != "" {
			t.fail(s, class, t.detail(result.Err))
			attributes = append(attributes, text("error.type", class))
		}
		t.metrics.calls.record(time.Since(s.start).Seconds(), attributes...)
		t.end(s)
	}
}

func portOf(u *url.URL) int64 {
	if port, err := strconv.ParseInt(u.Port(), 10, 32); err == nil {
		return port
	}
	if u.Scheme == "https" {
		return 443
	}
	return 80
}

// Count adds to a counter.
func (t *Telemetry) Count(_ context.Context, counter telemetry.Counter, delta int64) {
	switch counter {
	case telemetry.LockedThreads:
		t.metrics.locked.record(float64(delta))
	case telemetry.ClosedOrphans:
		t.metrics.orphans.record(float64(delta))
	case telemetry.HitLimits:
		t.metrics.limits.record(float64(delta))
	case telemetry.Followers:
		t.metrics.followers.record(float64(delta))
	}
}

// Outgoing adds the trace of ctx to the headers of a request.
func (t *Telemetry) Outgoing(ctx context.Context, headers http.Header) {
	if s := current(ctx); s != nil {
		t.inject(s, headers)
	}
}

// Content reports whether prompts and answers are wanted.
func (t *Telemetry) Content() bool { return t.config.Content && t.config.Traces != nil }

// Trace returns the ids of the trace of ctx and of its span, "" for none.
func (t *Telemetry) Trace(ctx context.Context) (traceID, spanID string) {
	if s := current(ctx); s != nil && s.valid() {
		return s.traceHex(), s.spanHex()
	}
	return "", ""
}

// detail returns an error's text where content is wanted: it may quote prompts.
func (t *Telemetry) detail(err error) string {
	if err == nil || !t.config.Content {
		return ""
	}
	return cut(err.Error(), 1<<10)
}

// errorType returns the kind of an error, of which there are few.
func errorType(err error) string {
	var timeout net.Error
	switch {
	case err == nil:
		return other
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, telemetry.ErrToolResult):
		return "tool_error"
	}
	return other
}
