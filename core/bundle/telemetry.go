//go:build !copilotkit_notelemetry

package bundle

import (
	"errors"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/store/observed"
	"github.com/copilotkit-go/runtime/core/telemetry"
	"github.com/copilotkit-go/runtime/core/telemetry/otel"
)

// readTelemetry reads OpenTelemetry's variables. Nothing is to be exported unless one asks
// for it; then the settings have a configuration.
func (s *Settings) readTelemetry(values map[string]string) []error {
	config, wrong := otel.Read(func(name string) string { return values[name] })
	var errs []error
	for _, err := range wrong {
		errs = append(errs, &EnvError{Name: err.Name, Err: err.Err})
	}
	s.telemetry = config
	return errs
}

// telemetrySettings is the configuration of telemetry, nil for none.
type telemetrySettings = *otel.Config

// addTelemetry adds an observer to the configuration if the environment asks for one.
func addTelemetry(config *core.Config, settings *Settings, parts parts) error {
	if settings.telemetry == nil {
		return nil
	}
	own := *settings.telemetry
	own.Logger = parts.logger
	if own.Prometheus != "" && parts.serveMetrics == nil {
		return &EnvError{Name: "OTEL_METRICS_EXPORTER", Err: errors.New("this program doesn't serve metrics to prometheus: use otlp")}
	}
	made := otel.New(own)
	parts.opened.add(made)
	config.Observer = made
	if own.Prometheus == "" {
		return nil
	}
	server, err := parts.serveMetrics(own.Prometheus, made.PrometheusHandler())
	if err != nil {
		return &EnvError{Name: "OTEL_EXPORTER_PROMETHEUS_PORT", Err: err}
	}
	parts.opened.add(server)
	return nil
}

// observeStore lets the observer know of the calls of a store elsewhere.
func observeStore(config *core.Config, settings *Settings) {
	if scheme := settings.Store.Scheme(); settings.telemetry != nil && config.Observer != nil && scheme != "" {
		config.Store = observed.New(config.Store, scheme, telemetry.Guarded(config.Observer, config.Logger))
	}
}
