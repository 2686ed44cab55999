package gcf

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/telemetry"
)

// logFormat returns the format of the lines that Cloud Logging reads: JSON with severity,
// message, and the names by which it shows the lines of a trace together. project is asked
// for the project's id, "" while that isn't known.
func logFormat(project func() string) func(io.Writer, slog.Leveler) slog.Handler {
	return func(w io.Writer, level slog.Leveler) slog.Handler {
		lines := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: renamed})
		return telemetry.LogHandler(lines, func(ctx context.Context, record *slog.Record) { addIDs(ctx, record, project()) })
	}
}

// renamed gives an attribute the name by which Cloud Logging knows it.
func renamed(groups []string, attribute slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attribute
	}
	switch attribute.Key {
	case slog.MessageKey:
		attribute.Key = "message"
	case slog.LevelKey:
		level, ok := attribute.Value.Any().(slog.Level)
		if !ok {
			return attribute
		}
		return slog.String("severity", severity(level))
	}
	return attribute
}

func severity(level slog.Level) string {
	switch {
	case level < slog.LevelInfo:
		return "DEBUG"
	case level < slog.LevelWarn:
		return "INFO"
	case level < slog.LevelError:
		return "WARNING"
	}
	return "ERROR"
}

func addIDs(ctx context.Context, record *slog.Record, project string) {
	if id := telemetry.RequestID(ctx); id != "" {
		record.AddAttrs(slog.String("requestId", id))
	}
	trace := telemetry.TraceOf(ctx)
	if trace.TraceID == "" {
		return
	}
	if project == "" {
		record.AddAttrs(slog.String("traceId", trace.TraceID))
		return
	}
	record.AddAttrs(slog.String("logging.googleapis.com/trace", "projects/"+project+"/traces/"+trace.TraceID))
	if trace.SpanID != "" {
		record.AddAttrs(slog.String("logging.googleapis.com/spanId", trace.SpanID))
	}
	if trace.Sampled {
		record.AddAttrs(slog.Bool("logging.googleapis.com/trace_sampled", true))
	}
}

// withRequestID gives the request the id that Google's log entries of it have: that of the
// execution, or of the trace.
func withRequestID(r *http.Request) *http.Request {
	id := r.Header.Get("Function-Execution-Id")
	if id == "" {
		id, _, _ = strings.Cut(r.Header.Get("X-Cloud-Trace-Context"), "/")
	}
	return r.WithContext(telemetry.WithRequestID(r.Context(), id))
}

// project is the id of the project, which lines name their traces by.
type project struct {
	mu sync.Mutex
	id string
}

// projectTimeout is how long it may take to find the project's id. Google's metadata
// server, on the same machine, takes a few milliseconds.
const projectTimeout = 200 * time.Millisecond

// get returns the id, "" if it isn't known.
func (p *project) get() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.id
}

// find finds the id: from GOOGLE_CLOUD_PROJECT, else on Cloud Run, where functions run,
// from the metadata server, beside the request. The function that it returns waits for
// that.
func (p *project) find(getenv func(string) string) (wait func()) {
	if id := getenv("GOOGLE_CLOUD_PROJECT"); id != "" || getenv("K_SERVICE") == "" {
		p.set(id)
		return func() {}
	}
	found := make(chan struct{})
	go func() {
		defer close(found)
		p.set(projectOfMetadata(cmp.Or(getenv("GCE_METADATA_HOST"), "169.254.169.254")))
	}()
	return func() { <-found }
}

func (p *project) set(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.id = id
}

// projectOfMetadata asks the metadata server, and returns "" if that has no answer.
func projectOfMetadata(host string) string {
	ctx, cancel := context.WithTimeout(context.Background(), projectTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/computeMetadata/v1/project/project-id", nil)
	if err != nil {
		return ""
	}
	r.Header.Set("Metadata-Flavor", "Google")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	id, err := io.ReadAll(io.LimitReader(response.Body, 64))
	if err != nil || response.StatusCode != http.StatusOK || !telemetry.ValidRequestID(string(id)) {
		return ""
	}
	return string(id)
}
