package otel_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/telemetry/otel"
)

func read(env map[string]string) (*otel.Config, []*otel.VariableError) {
	return otel.Read(func(name string) string { return env[name] })
}

const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"

func TestTelemetryIsOffUntilAVariableAsksForIt(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"no variable":                              {},
		"variables that don't ask":                 {"OTEL_SERVICE_NAME": "chat", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_SAMPLER": "nonsense"},
		"exporters of none":                        {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", endpoint: "http://localhost:4318"},
		"disabled":                                 {"OTEL_SDK_DISABLED": "true", endpoint: "nonsense", "OTEL_TRACES_EXPORTER": "nonsense"},
		"disabled in another spelling":             {"OTEL_SDK_DISABLED": "TRUE", endpoint: "http://localhost:4318"},
		"an endpoint for logs, which go elsewhere": {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://localhost:4318"},
	} {
		t.Run(name, func(t *testing.T) {
			if config, errs := read(env); config != nil || len(errs) > 0 {
				t.Errorf("got %+v, %v", config, errs)
			}
		})
	}
}

func TestWhatTheVariablesMean(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want func(*otel.Config) any
		is   string
	}{
		"an endpoint is for both": {map[string]string{endpoint: "http://host:4318/base/"},
			func(c *otel.Config) any { return c.Traces.URL.String() + " " + c.Metrics.URL.String() }, "http://host:4318/base/v1/traces http://host:4318/base/v1/metrics"},
		"an endpoint of traces is as it is": {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://host/custom"},
			func(c *otel.Config) any { return fmt.Sprint(c.Traces.URL, c.Metrics) }, "https://host/custom <nil>"},
		"an exporter without endpoint": {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, func(c *otel.Config) any { return c.Traces.URL.String() }, "http://localhost:4318/v1/traces"},
		"Prometheus alone":             {map[string]string{"OTEL_METRICS_EXPORTER": "prometheus"}, func(c *otel.Config) any { return fmt.Sprint(c.Prometheus, c.Traces, c.Metrics) }, "localhost:9464<nil> <nil>"},
		"Prometheus beside OTLP":       {map[string]string{"OTEL_METRICS_EXPORTER": "otlp,prometheus", "OTEL_EXPORTER_PROMETHEUS_HOST": "0.0.0.0", "OTEL_EXPORTER_PROMETHEUS_PORT": "1"}, func(c *otel.Config) any { return fmt.Sprint(c.Prometheus, c.Metrics != nil) }, "0.0.0.0:1true"},
		"headers":                      {map[string]string{endpoint: "http://h", "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b, x=1"}, func(c *otel.Config) any { return fmt.Sprint(c.Traces.Header) }, "map[Api-Key:[a b] X:[1]]"},
		"headers of metrics win":       {map[string]string{endpoint: "http://h", "OTEL_EXPORTER_OTLP_HEADERS": "x=1", "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "x=2"}, func(c *otel.Config) any { return fmt.Sprint(c.Traces.Header, c.Metrics.Header) }, "map[X:[1]] map[X:[2]]"},
		"a time limit":                 {map[string]string{endpoint: "http://h", "OTEL_EXPORTER_OTLP_TIMEOUT": "1500"}, func(c *otel.Config) any { return c.Traces.Timeout }, "1.5s"},
		"compression":                  {map[string]string{endpoint: "http://h", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}, func(c *otel.Config) any { return c.Traces.Gzip }, "true"},
		"a service's name":             {map[string]string{endpoint: "http://h", "OTEL_SERVICE_NAME": "chat", "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,team=a%2Cb"}, func(c *otel.Config) any { return c.Resource["service.name"] + " " + c.Resource["team"] }, "chat a,b"},
		"a function's name": {map[string]string{endpoint: "http://h", "AWS_LAMBDA_FUNCTION_NAME": "fn", "AWS_REGION": "eu"}, func(c *otel.Config) any {
			return fmt.Sprint(c.Resource["service.name"], c.Resource["cloud.region"], c.Freezes)
		}, "fneutrue"},
		"Cloud Run":                      {map[string]string{endpoint: "http://h", "K_SERVICE": "svc", "K_REVISION": "svc-1"}, func(c *otel.Config) any { return fmt.Sprint(c.Resource["faas.version"], c.Freezes) }, "svc-1true"},
		"a server":                       {map[string]string{endpoint: "http://h"}, func(c *otel.Config) any { return c.Freezes }, "false"},
		"a sampler":                      {map[string]string{endpoint: "http://h", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}, func(c *otel.Config) any { return fmt.Sprint(c.Sampler) }, "{0.1 false}"},
		"the default sampler":            {map[string]string{endpoint: "http://h"}, func(c *otel.Config) any { return fmt.Sprint(c.Sampler) }, "{1 true}"},
		"propagators":                    {map[string]string{endpoint: "http://h", "OTEL_PROPAGATORS": "xray, baggage"}, func(c *otel.Config) any { return fmt.Sprint(c.Propagators) }, "[xray baggage]"},
		"the default propagator":         {map[string]string{endpoint: "http://h"}, func(c *otel.Config) any { return fmt.Sprint(c.Propagators) }, "[tracecontext]"},
		"content by its boolean":         {map[string]string{endpoint: "http://h", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"}, func(c *otel.Config) any { return c.Content }, "true"},
		"content by its newer words":     {map[string]string{endpoint: "http://h", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY"}, func(c *otel.Config) any { return c.Content }, "true"},
		"no content by default":          {map[string]string{endpoint: "http://h"}, func(c *otel.Config) any { return c.Content }, "false"},
		"differences":                    {map[string]string{endpoint: "http://h", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"}, func(c *otel.Config) any { return c.Delta }, "true"},
		"batches":                        {map[string]string{endpoint: "http://h", "OTEL_BSP_SCHEDULE_DELAY": "7", "OTEL_BSP_MAX_QUEUE_SIZE": "5"}, func(c *otel.Config) any { return fmt.Sprint(c.BatchDelay, c.QueueSize, c.BatchSize) }, "7ms 5 5"},
		"intervals of metrics":           {map[string]string{endpoint: "http://h", "OTEL_METRIC_EXPORT_INTERVAL": "1000"}, func(c *otel.Config) any { return c.MetricInterval }, time.Second.String()},
		"how long attributes may be":     {map[string]string{endpoint: "http://h", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "9"}, func(c *otel.Config) any { return c.AttributeLimit }, "9"},
		"how long spans' attributes may": {map[string]string{endpoint: "http://h", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "9", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "8"}, func(c *otel.Config) any { return c.AttributeLimit }, "8"},
	} {
		t.Run(name, func(t *testing.T) {
			config, errs := read(c.env)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if got := fmt.Sprint(c.want(config)); got != c.is {
				t.Errorf("got %s, want %s", got, c.is)
			}
		})
	}
}

func TestWrongValuesAreErrorsThatNameTheirVariables(t *testing.T) {
	noCertificate := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noCertificate, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for variable, value := range map[string]string{
		"OTEL_SDK_DISABLED": "yes", "OTEL_TRACES_EXPORTER": "jaeger", "OTEL_METRICS_EXPORTER": "console", "OTEL_LOGS_EXPORTER": "otlp",
		"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "localhost:4318/secret", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "ftp://secret",
		"OTEL_EXPORTER_OTLP_HEADERS": "secret", "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "a=secret%0a",
		"OTEL_EXPORTER_OTLP_TIMEOUT": "10s", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "0", "OTEL_EXPORTER_OTLP_COMPRESSION": "zstd",
		"OTEL_EXPORTER_OTLP_CERTIFICATE": "/no/such/file", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": noCertificate,
		"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "cumulate", "OTEL_RESOURCE_ATTRIBUTES": "a",
		"OTEL_TRACES_SAMPLER": "sometimes", "OTEL_PROPAGATORS": "b3", "OTEL_BSP_SCHEDULE_DELAY": "-1", "OTEL_BSP_MAX_QUEUE_SIZE": "0",
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "many", "OTEL_METRIC_EXPORT_INTERVAL": "1m", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "1000000",
		"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "EVENT_ONLY",
	} {
		t.Run(variable, func(t *testing.T) {
			config, errs := read(map[string]string{endpoint: "http://localhost:4318", variable: value})
			if config != nil || len(errs) == 0 || errs[0].Name != variable {
				t.Fatalf("got %v", errs)
			}
			if text := errs[0].Error(); strings.Contains(text, "secret") {
				t.Errorf("the error quotes the value: %s", text)
			}
		})
	}
	for name, env := range map[string]map[string]string{
		"OTEL_TRACES_SAMPLER_ARG":       {endpoint: "http://h", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"},
		"OTEL_METRICS_EXPORTER":         {"OTEL_METRICS_EXPORTER": "prometheus", "AWS_LAMBDA_FUNCTION_NAME": "fn"},
		"OTEL_EXPORTER_PROMETHEUS_PORT": {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": "70000"},
		"OTEL_EXPORTER_OTLP_CLIENT_KEY": {endpoint: "http://h", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": "/a"},
		"OTEL_EXPORTER_OTLP_ENDPOINT":   {endpoint: "localhost:4317"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, errs := read(env); len(errs) == 0 || errs[0].Name != name {
				t.Errorf("got %v", errs)
			}
		})
	}
}
