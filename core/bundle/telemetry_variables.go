package bundle

// telemetryVariables stands in the README's table for those of OpenTelemetry, which are
// read together.
var telemetryVariables = variable{
	name:     "OTEL_…",
	meaning:  "OpenTelemetry, by its own variables, such as `OTEL_EXPORTER_OTLP_ENDPOINT`; see [Telemetry](docs/telemetry.md)",
	fallback: "off",
	set:      func(*Settings, string) error { return nil }, // no variable has this name
}
