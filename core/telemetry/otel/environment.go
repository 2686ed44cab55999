package otel

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// VariableError says what is wrong with an environment variable. Its text doesn't quote
// what may be secret.
type VariableError struct {
	Name string
	Err  error
}

// Error returns the variable's name and what is wrong with it.
func (e *VariableError) Error() string { return e.Name + ": " + e.Err.Error() }

// Unwrap returns what is wrong, without the name.
func (e *VariableError) Unwrap() error { return e.Err }

const (
	defaultAttributeLimit = 4 << 10
	maxAttributeLimit     = 64 << 10
)

// environment reads variables, and collects what is wrong with them.
type environment struct {
	lookup func(string) string
	errs   []*VariableError
}

// Read returns the configuration that the environment asks for, by OpenTelemetry's
// variables, and a [VariableError] for each that is wrong. It returns nil for both if
// nothing is to be exported: unless there is an endpoint or an exporter is named, and
// with OTEL_SDK_DISABLED. Lookup returns a variable's value, "" for none. Read does no
// network I/O, but reads the files with certificates that variables name.
func Read(lookup func(name string) string) (*Config, []*VariableError) {
	e := &environment{lookup: lookup}
	if e.boolean("OTEL_SDK_DISABLED") {
		return nil, nil
	}
	exporters := e.exporters()
	if len(e.errs) == 0 && !exporters.traces && !exporters.metrics && !exporters.prometheus {
		return nil, nil
	}
	config := &Config{
		Resource:       e.resource(),
		Sampler:        e.sampler(),
		Propagators:    e.propagators(),
		Content:        e.content(),
		Delta:          e.temporality(),
		AttributeLimit: e.attributeLimit(),
		QueueSize:      e.number("OTEL_BSP_MAX_QUEUE_SIZE", 2048, 1, 100_000),
		BatchSize:      e.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, 1, 100_000),
		BatchDelay:     e.milliseconds("OTEL_BSP_SCHEDULE_DELAY", 5*time.Second),
		MetricInterval: e.milliseconds("OTEL_METRIC_EXPORT_INTERVAL", time.Minute),
		Freezes:        e.freezes(),
	}
	config.BatchSize = min(config.BatchSize, config.QueueSize)
	if logs := lookup("OTEL_LOGS_EXPORTER"); logs != "" && logs != "none" {
		e.fail("OTEL_LOGS_EXPORTER", "%q is not none, and logs are lines on standard error alone", logs)
	}
	if exporters.traces {
		config.Traces = e.exporter("TRACES", "/v1/traces")
	}
	if exporters.metrics {
		config.Metrics = e.exporter("METRICS", "/v1/metrics")
	}
	if exporters.prometheus {
		config.Prometheus = e.prometheus()
	}
	if len(e.errs) > 0 {
		return nil, e.errs
	}
	return config, nil
}

func (e *environment) fail(name, format string, args ...any) {
	e.errs = append(e.errs, &VariableError{name, fmt.Errorf(format, args...)})
}

// boolean reads a variable that is true or false.
func (e *environment) boolean(name string) bool {
	value := e.lookup(name)
	if value != "" && !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
		e.fail(name, "%q is neither true nor false", value)
	}
	return strings.EqualFold(value, "true")
}

func (e *environment) number(name string, fallback, least, most int) int {
	value := e.lookup(name)
	if value == "" {
		return fallback
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		e.fail(name, "%q is not a whole number from %d to %d", value, least, most)
		return fallback
	}
	return n
}

func (e *environment) milliseconds(name string, fallback time.Duration) time.Duration {
	const most = 3_600_000
	return time.Duration(e.number(name, int(fallback.Milliseconds()), 1, most)) * time.Millisecond
}

// selected are the exporters that the environment selects.
type selected struct{ traces, metrics, prometheus bool }

// exporters reads which exporters there are to be. One that nobody names is there if
// there is an endpoint for it.
func (e *environment) exporters() (s selected) {
	general := e.lookup("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
	read := func(signal string, use func(string) bool, known string) {
		name := "OTEL_" + signal + "_EXPORTER"
		value := e.lookup(name)
		if value == "" && (general || e.lookup("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") != "") {
			value = "otlp"
		}
		if value == "" || value == "none" {
			return
		}
		for one := range strings.SplitSeq(value, ",") {
			if !use(strings.TrimSpace(one)) {
				e.fail(name, "%q is none of %s", one, known)
			}
		}
	}
	read("TRACES", func(value string) bool {
		s.traces = s.traces || value == "otlp"
		return value == "otlp"
	}, "otlp, none")
	read("METRICS", func(value string) bool {
		s.metrics = s.metrics || value == "otlp"
		s.prometheus = s.prometheus || value == "prometheus"
		return value == "otlp" || value == "prometheus"
	}, "otlp, prometheus, none")
	return s
}

// propagators reads OTEL_PROPAGATORS. Baggage has to be asked for.
func (e *environment) propagators() (list []Propagator) {
	value := cmp.Or(e.lookup("OTEL_PROPAGATORS"), string(TraceContext))
	if value == "none" {
		return nil
	}
	for one := range strings.SplitSeq(value, ",") {
		switch p := Propagator(strings.TrimSpace(one)); p {
		case TraceContext, Baggage, XRay:
			list = append(list, p)
		case "xray-lambda":
			list = append(list, XRay)
		default:
			e.fail("OTEL_PROPAGATORS", "%q is none of tracecontext, baggage, xray, none", one)
		}
	}
	return list
}

func (e *environment) sampler() Sampler {
	name, argument := e.lookup("OTEL_TRACES_SAMPLER"), e.lookup("OTEL_TRACES_SAMPLER_ARG")
	kind, parentBased := strings.CutPrefix(cmp.Or(name, "parentbased_always_on"), "parentbased_")
	sampler := Sampler{Ratio: 1, ParentBased: parentBased}
	switch kind {
	case "always_on":
	case "always_off":
		sampler.Ratio = 0
	case "traceidratio":
		if argument == "" {
			break
		}
		ratio, err := strconv.ParseFloat(argument, 64)
		if err != nil || !(ratio >= 0 && ratio <= 1) {
			e.fail("OTEL_TRACES_SAMPLER_ARG", "%q is not a number from 0 to 1", argument)
		}
		sampler.Ratio = ratio
	default:
		e.fail("OTEL_TRACES_SAMPLER", "%q is none of always_on, always_off, traceidratio, or one of them with parentbased_ before it", name)
	}
	return sampler
}

// content reads whether prompts and answers are wanted, which can only be within spans.
func (e *environment) content() bool {
	const name = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
	switch value := e.lookup(name); strings.ToLower(value) {
	case "", "false", "no_content":
	case "true", "span_only":
		return true
	default:
		e.fail(name, "%q is none of true, false, SPAN_ONLY, NO_CONTENT", value)
	}
	return false
}

func (e *environment) temporality() (delta bool) {
	const name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
	switch value := e.lookup(name); strings.ToLower(value) {
	case "", "cumulative":
	case "delta", "lowmemory":
		return true
	default:
		e.fail(name, "%q is none of cumulative, delta, lowmemory", value)
	}
	return false
}

func (e *environment) attributeLimit() int {
	general := e.number("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", defaultAttributeLimit, 1, maxAttributeLimit)
	return e.number("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", general, 1, maxAttributeLimit)
}

// prometheus reads where /metrics is served: on this machine alone, by default.
func (e *environment) prometheus() string {
	if e.lookup("AWS_LAMBDA_FUNCTION_NAME") != "" || e.lookup("VERCEL") != "" {
		e.fail("OTEL_METRICS_EXPORTER", "prometheus has nothing to ask where instances come and go: use otlp")
	}
	host := cmp.Or(e.lookup("OTEL_EXPORTER_PROMETHEUS_HOST"), "localhost")
	port := e.number("OTEL_EXPORTER_PROMETHEUS_PORT", 9464, 0, 65535)
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// freezes reports whether an instance may stand still between requests.
func (e *environment) freezes() bool {
	for _, name := range []string{"AWS_LAMBDA_FUNCTION_NAME", "K_SERVICE", "FUNCTION_TARGET", "VERCEL"} {
		if e.lookup(name) != "" {
			return true
		}
	}
	return false
}

// resource reads what this process is, from the standard's variables and the platform's.
func (e *environment) resource() map[string]string {
	resource := map[string]string{
		"telemetry.sdk.name":     "copilotkit-go",
		"telemetry.sdk.language": "go",
		"service.name":           "copilotkit",
		"service.instance.id":    rand.Text(),
	}
	set := func(key, variable string) bool {
		value := e.lookup(variable)
		if value != "" {
			resource[key] = value
		}
		return value != ""
	}
	switch {
	case set("faas.name", "AWS_LAMBDA_FUNCTION_NAME"):
		resource["cloud.provider"], resource["cloud.platform"] = "aws", "aws_lambda"
		resource["service.name"] = resource["faas.name"]
		set("cloud.region", "AWS_REGION")
		set("faas.version", "AWS_LAMBDA_FUNCTION_VERSION")
		set("faas.instance", "AWS_LAMBDA_LOG_STREAM_NAME")
	case set("faas.name", "K_SERVICE"):
		resource["cloud.provider"], resource["cloud.platform"] = "gcp", "gcp_cloud_run"
		resource["service.name"] = resource["faas.name"]
		set("faas.version", "K_REVISION")
		set("cloud.account.id", "GOOGLE_CLOUD_PROJECT")
	case set("cloud.region", "VERCEL_REGION"):
		set("service.version", "VERCEL_GIT_COMMIT_SHA")
		set("deployment.environment.name", "VERCEL_ENV")
	}
	pairs, err := parsePairs(e.lookup("OTEL_RESOURCE_ATTRIBUTES"))
	if err != nil {
		e.fail("OTEL_RESOURCE_ATTRIBUTES", "%w", err)
	}
	for _, pair := range pairs {
		resource[pair[0]] = pair[1]
	}
	set("service.name", "OTEL_SERVICE_NAME")
	return resource
}

// parsePairs parses "name=value,name=value", with values as in URLs. Its error doesn't
// quote them.
func parsePairs(list string) (pairs [][2]string, err error) {
	if strings.TrimSpace(list) == "" {
		return nil, nil
	}
	for item := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(item) == "" {
			continue
		}
		name, value, found := strings.Cut(item, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !found || name == "" || err != nil || !printable(name) {
			return nil, errors.New("not of the form name=value,name=value, with values as in URLs")
		}
		pairs = append(pairs, [2]string{name, value})
	}
	return pairs, nil
}
