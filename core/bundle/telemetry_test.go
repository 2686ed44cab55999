//go:build !copilotkit_notelemetry

package bundle_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// telemetryOf returns the observer that an environment leads to.
func telemetryOf(t *testing.T, env []string, options ...bundle.Option) (observer telemetry.Observer, err error) {
	t.Helper()
	env = append(env, "COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none")
	options = append(options, bundle.WithConfig(func(config *core.Config) { observer = config.Observer }))
	runtime, err := bundle.New(t.Context(), func() []string { return env }, options...)
	if err == nil {
		t.Cleanup(func() {
			if err := runtime.Close(); err != nil {
				t.Errorf("close the runtime: %v", err)
			}
		})
	}
	return observer, err
}

func TestTelemetryIsThereIfAVariableAsksForIt(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		want bool
	}{
		"nothing":                 {nil, false},
		"a service's name":        {[]string{"OTEL_SERVICE_NAME=chat"}, false},
		"an endpoint":             {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"}, true},
		"an endpoint of metrics":  {[]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://127.0.0.1:1"}, true},
		"an endpoint, but not it": {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_SDK_DISABLED=true"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			observer, err := telemetryOf(t, c.env)
			if err != nil || (observer != nil) != c.want {
				t.Errorf("got %v, %v", observer, err)
			}
		})
	}
}

func TestWrongVariablesOfTelemetryAreNamed(t *testing.T) {
	for name, env := range map[string][]string{
		"OTEL_EXPORTER_OTLP_PROTOCOL": {"OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"},
		"OTEL_EXPORTER_OTLP_HEADERS":  {"OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317", "OTEL_EXPORTER_OTLP_HEADERS=a-secret"},
		"OTEL_METRICS_EXPORTER":       {"OTEL_METRICS_EXPORTER=prometheus"}, // and this program is no server
	} {
		_, err := telemetryOf(t, env)
		var wrong *bundle.EnvError
		if !errors.As(err, &wrong) || wrong.Name != name || strings.Contains(err.Error(), "a-secret") {
			t.Errorf("got %v, want an error of %s", err, name)
		}
	}
}

func TestMetricsForPrometheus(t *testing.T) {
	server := httptest.NewServer(nil) // for a port that is free afterwards
	address := server.Listener.Addr().String()
	server.Close()
	_, port, _ := strings.Cut(address, ":")
	env := []string{"OTEL_METRICS_EXPORTER=prometheus", "OTEL_EXPORTER_PROMETHEUS_HOST=127.0.0.1", "OTEL_EXPORTER_PROMETHEUS_PORT=" + port}
	observer, err := telemetryOf(t, env, bundle.WithMetricsServer())
	if err != nil {
		t.Fatal(err)
	}
	observer.Count(t.Context(), telemetry.HitLimits, 3)
	for _, c := range []struct {
		path, host string
		status     int
	}{
		{"/metrics", "", 200}, {"/metrics", "localhost:9464", 200}, {"/metrics", "[::1]", 200},
		{"/metrics", "evil.example", 403}, {"/metrics", "127.0.0.1.evil.example:80", 403}, {"/", "", 404},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host, request.Close = c.host, true
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != c.status {
			t.Errorf("%s of %q answers %d, %v", c.path, c.host, response.StatusCode, err)
		}
		if c.status == http.StatusOK && !strings.Contains(string(body), "copilotkit_limits_hit_total 3\n") {
			t.Errorf("the metrics are\n%s", body)
		}
	}
	var wrong *bundle.EnvError
	if _, err := telemetryOf(t, env, bundle.WithMetricsServer()); !errors.As(err, &wrong) || wrong.Name != "OTEL_EXPORTER_PROMETHEUS_PORT" {
		t.Errorf("for a port that is taken the error is %v", err)
	}
}
