//go:build copilotkit_notelemetry

package bundle

import (
	"errors"

	"github.com/copilotkit-go/runtime/core"
)

// telemetrySettings are nothing in a program that was built without telemetry.
type telemetrySettings = struct{}

// readTelemetry refuses variables that ask for what this program doesn't have.
func (s *Settings) readTelemetry(values map[string]string) (errs []error) {
	for _, name := range []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
		"OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER",
	} {
		if value := values[name]; value != "" && value != "none" && values["OTEL_SDK_DISABLED"] != "true" {
			errs = append(errs, &EnvError{Name: name, Err: errors.New("this program was built without telemetry (copilotkit_notelemetry)")})
		}
	}
	return errs
}

func addTelemetry(*core.Config, *Settings, parts) error { return nil }

func observeStore(*core.Config, *Settings) {}
