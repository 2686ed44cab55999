package otel

import (
	"iter"
	"maps"
	"math"
	"slices"
	"time"
)

// metrics are all instruments. Their names and bounds are those of the semantic
// conventions, and where these have none they begin with "copilotkit.".
type metrics struct {
	requests, calls                         instrument
	runs, firstEvent, activeRuns, followers instrument
	operations, tokens, firstChunk          instrument
	tools, store                            instrument
	locked, orphans, limits                 instrument
	droppedSpans, failedExports             instrument

	// What others can make up is told apart up to a number.
	agents, codes, models, toolNames, hosts words
}

// Bounds of histograms, in seconds or tokens, as the conventions have them.
var (
	httpBounds  = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	modelBounds = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	storeBounds = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}
	tokenBounds = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
	// runBounds go on to what platforms let a run take.
	runBounds = []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 900}
)

// ownCodes are those of the runtime's own failures. However many codes remote agents make
// up, such as one for each failure, alerts on these go on working.
var ownCodes = []string{
	"AGENT_ERROR", "INVALID_EVENT", "INCOMPLETE_STREAM", "DEADLINE_EXCEEDED", "SHUTDOWN", "LEASE_LOST", "STORE_UNAVAILABLE",
	"RUN_TOO_LARGE", "EVENT_TOO_LARGE", "RUN_ORPHANED", "STOPPED", "auth_failed", "quota_exceeded", "rate_limited", "provider_unavailable", "model_timeout",
	"model_not_found", "invalid_request", "invalid_tool", "invalid_model", "context_length_exceeded", "request_too_large", "answer_too_large",
	"content_filtered", "unsupported_content", "unknown_interrupt", "remote_agent_unreachable", "remote_agent_error",
	"remote_agent_protocol_error", "remote_agent_stream_broken", "canceled", "timeout", other,
}

func newMetrics() *metrics {
	m := &metrics{}
	m.agents.limit, m.codes.limit, m.models.limit, m.toolNames.limit, m.hosts.limit = 100, 64, 64, 200, 100
	m.codes.expect(ownCodes...)
	describe := func(i *instrument, kind instrumentKind, name, unit string, bounds []float64, description string) {
		i.kind, i.name, i.unit, i.bounds, i.description = kind, name, unit, bounds, description
	}
	describe(&m.requests, histogram, "http.server.request.duration", "s", httpBounds, "Duration of HTTP server requests.")
	describe(&m.calls, histogram, "http.client.request.duration", "s", httpBounds, "Duration of HTTP client requests, to the header of the answer.")
	describe(&m.runs, histogram, "copilotkit.run.duration", "s", runBounds, "Duration of runs, by how they ended.")
	describe(&m.firstEvent, histogram, "copilotkit.run.time_to_first_event", "s", modelBounds, "Time to the first event of a run's agent.")
	describe(&m.activeRuns, upDown, "copilotkit.run.active", "{run}", nil, "Runs under way.")
	describe(&m.followers, upDown, "copilotkit.followers", "{client}", nil, "Clients that follow another request's run.")
	describe(&m.operations, histogram, "gen_ai.client.operation.duration", "s", modelBounds, "Duration of calls of models.")
	describe(&m.tokens, histogram, "gen_ai.client.token.usage", "{token}", tokenBounds, "Number of input and output tokens used.")
	describe(&m.firstChunk, histogram, "gen_ai.client.operation.time_to_first_chunk", "s", modelBounds, "Time to the first piece of a model's answer.")
	describe(&m.tools, histogram, "copilotkit.tool.duration", "s", modelBounds, "Duration of calls of tools.")
	describe(&m.store, histogram, "db.client.operation.duration", "s", storeBounds, "Duration of calls of the store.")
	describe(&m.locked, counter, "copilotkit.threads.locked", "{run}", nil, "Runs that were refused since their thread has one.")
	describe(&m.orphans, counter, "copilotkit.orphans.closed", "{run}", nil, "Runs of dead instances that were closed.")
	describe(&m.limits, counter, "copilotkit.limits.hit", "{request}", nil, "Requests that were refused since their user has spent enough.")
	describe(&m.droppedSpans, counter, "copilotkit.telemetry.dropped_spans", "{span}", nil, "Spans that were lost.")
	describe(&m.failedExports, counter, "copilotkit.telemetry.failed_exports", "{export}", nil, "Exports that failed.")
	return m
}

// all yields the instruments.
func (m *metrics) all() iter.Seq[*instrument] {
	return func(yield func(*instrument) bool) {
		for _, i := range []*instrument{
			&m.requests, &m.calls, &m.runs, &m.firstEvent, &m.activeRuns, &m.followers, &m.operations, &m.tokens,
			&m.firstChunk, &m.tools, &m.store, &m.locked, &m.orphans, &m.limits, &m.droppedSpans, &m.failedExports,
		} {
			if !yield(i) {
				return
			}
		}
	}
}

// taken are the points that an export of differences took away.
type taken map[*instrument]map[string]*point

// encode returns all metrics as OTLP has them: what they have come to since the
// beginning, or since the last export, whose points are returned too.
func (m *metrics) encode(since time.Time, delta bool) (encoded []byte, took taken) {
	now := time.Now()
	took = make(taken)
	for i := range m.all() {
		points, temporality := i.copied, uint64(2)
		if delta && i.kind != upDown {
			took[i] = i.take()
			points, temporality = func() []*point { return slices.Collect(maps.Values(took[i])) }, 1
		}
		encoded = appendMetric(encoded, i, points(), since, now, temporality)
	}
	return encoded, took
}

// putBack undoes the taking.
func (t taken) putBack() {
	for i, points := range t {
		i.putBack(points)
	}
}

// appendMetric appends a Metric to those of a ScopeMetrics.
func appendMetric(b []byte, i *instrument, points []*point, since, now time.Time, temporality uint64) []byte {
	if len(points) == 0 {
		return b
	}
	return appendMessage(b, 2, func(b []byte) []byte {
		b = appendBytes(b, 1, i.name)
		b = appendBytes(b, 2, i.description)
		b = appendBytes(b, 3, i.unit)
		field := 7 // Sum
		if i.kind == histogram {
			field = 9
		}
		return appendMessage(b, field, func(b []byte) []byte {
			for _, p := range points {
				start := since
				if temporality == 1 {
					start = p.start
				}
				b = appendMessage(b, 1, func(b []byte) []byte {
					b = appendFixed64(b, 2, uint64(start.UnixNano()))
					b = appendFixed64(b, 3, uint64(now.UnixNano()))
					if i.kind == histogram {
						return p.appendHistogram(b, i.bounds)
					}
					b = appendFixed64(b, 6, uint64(int64(p.sum)))
					return appendAttributes(b, 7, p.attributes)
				})
			}
			b = appendUint(b, 2, temporality)
			if i.kind == counter {
				b = appendUint(b, 3, 1)
			}
			return b
		})
	})
}

func (p *point) appendHistogram(b []byte, bounds []float64) []byte {
	b = appendFixed64(b, 4, p.count)
	b = appendDouble(b, 5, p.sum)
	b = appendPacked(b, 6, p.buckets)
	numbers := make([]uint64, len(bounds))
	for n, bound := range bounds {
		numbers[n] = math.Float64bits(bound)
	}
	b = appendPacked(b, 7, numbers)
	b = appendAttributes(b, 9, p.attributes)
	b = appendDouble(b, 11, p.min)
	return appendDouble(b, 12, p.max)
}

func appendAttributes(b []byte, field int, attributes []attribute) []byte {
	for n := range attributes {
		b = appendAttribute(b, field, &attributes[n])
	}
	return b
}
