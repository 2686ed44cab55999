package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode"

	"github.com/copilotkit-go/runtime/core/model/openai"
)

// variable is one environment variable.
type variable struct {
	name string
	// value is the default, "" for none.
	value string
	// set checks a value and takes it over. Its error says what is wrong without
	// the variable's name.
	set func(s *Settings, value string) error
}

// variables is every variable of this runtime's own, in the README's order.
var variables = []variable{
	{"COPILOTKIT_MODEL", "openai/gpt-4o", setModel},
	{"COPILOTKIT_PROMPT", "", func(s *Settings, value string) error {
		s.Prompt = value
		return nil
	}},
	{"COPILOTKIT_MAX_STEPS", "", func(s *Settings, value string) (err error) {
		s.MaxSteps, err = parseInt(value, 1, 1000)
		return err
	}},
	{"COPILOTKIT_AGENTS", "", func(s *Settings, value string) (err error) {
		s.Agents, err = parseServers(value, agentFields)
		return err
	}},
	{"COPILOTKIT_MCP_SERVERS", "", func(s *Settings, value string) (err error) {
		s.MCPServers, err = parseServers(value, mcpFields)
		return err
	}},
	{"COPILOTKIT_STORE", "memory", setStore},
	{"COPILOTKIT_BASE_PATH", "/api/copilotkit", setBasePath},
	{"COPILOTKIT_ENDPOINT", "multi-route", oneOf(func(s *Settings) *bool { return &s.SingleRoute }, "multi-route", "single-route")},
	{"COPILOTKIT_CORS_ORIGINS", "*", setOrigins},
	{"COPILOTKIT_TRANSCRIPTION_MODEL", "", func(s *Settings, value string) error {
		s.TranscriptionModel = value
		return checkPrintable(value)
	}},
	{"COPILOTKIT_ON_DISCONNECT", "continue", oneOf(func(s *Settings) *bool { return &s.CancelOnDisconnect }, "continue", "cancel")},
	{"COPILOTKIT_ON_STORE_FAILURE", "continue", oneOf(func(s *Settings) *bool { return &s.FailOnStoreFailure }, "continue", "fail")},
	{"COPILOTKIT_ON_CONCURRENT_RUN", "reject", oneOf(func(s *Settings) *bool { return &s.SupersedeRuns }, "reject", "supersede")},
	{"COPILOTKIT_THREAD_NAMES", "off", oneOf(func(s *Settings) *bool { return &s.NameThreads }, "off", "on")},
	{"COPILOTKIT_MAX_BODY_BYTES", "10485760", func(s *Settings, value string) error {
		n, err := parseInt(value, 1, 1<<40)
		s.MaxBodyBytes = int64(n)
		return err
	}},
	{"COPILOTKIT_LAMBDA_RESPONSE", "stream", oneOf(func(s *Settings) *bool { return &s.LambdaBuffered }, "stream", "buffered")},
	{"COPILOTKIT_ENV", "production", oneOf(func(s *Settings) *bool { return &s.Development }, "production", "development")},
	{"COPILOTKIT_LOG_LEVEL", "info", setLogLevel},
	{"PORT", "8080", func(s *Settings, value string) (err error) {
		s.Port, err = parseInt(value, 0, 65535)
		return err
	}},
}

// providerVariables are the variables of the model providers.
func providerVariables() []variable {
	list := []variable{credential(openai.AzureVersionVariable)}
	for _, provider := range openai.Providers() {
		if provider.KeyVariable != "" {
			list = append(list, credential(provider.KeyVariable))
		}
		list = append(list, providerAddress(provider.URLVariable))
	}
	return list
}

// credential is a variable that holds a provider's key.
func credential(name string) variable {
	return variable{name: name, set: func(s *Settings, value string) error {
		if err := checkPrintable(value); err != nil {
			return err
		}
		s.Credentials[name] = Secret(value)
		return nil
	}}
}

// providerAddress is a variable that holds a provider's endpoint.
func providerAddress(name string) variable {
	return variable{name: name, set: func(s *Settings, value string) error {
		if _, err := parseHTTPURL(value); err != nil {
			return err
		}
		s.Credentials[name] = Secret(value)
		return nil
	}}
}

// oneOf is for a variable with two values; the second one sets the field.
func oneOf(field func(*Settings) *bool, off, on string) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		if value != off && value != on {
			return fmt.Errorf("%q is neither %s nor %s", value, off, on)
		}
		*field(s) = value == on
		return nil
	}
}

func setModel(s *Settings, value string) error {
	s.Model = value
	if value == DemoModel {
		return nil
	}
	if _, err := providerOf(value); err != nil {
		return fmt.Errorf("%w; or use %s, the embedded model", err, DemoModel)
	}
	return checkPrintable(value)
}

func setStore(s *Settings, value string) error {
	if value == "memory" {
		return nil
	}
	address, err := parseURL(value)
	if err != nil || address.Scheme == "" {
		return errors.New("neither memory nor an address such as redis://host:6379 or sqlite:///path/file.db")
	}
	s.Store = SecretURL{*address}
	return nil
}

func setBasePath(s *Settings, value string) error {
	switch {
	case !strings.HasPrefix(value, "/"):
		return fmt.Errorf("%q must start with a slash", value)
	case strings.ContainsAny(value, "?#"):
		return fmt.Errorf("%q must be a path alone", value)
	case strings.ContainsAny(value, "{}"):
		return fmt.Errorf("%q must not have braces, which mean something else to routers", value)
	case path.Clean(value) != cmp.Or(strings.TrimRight(value, "/"), "/"):
		return fmt.Errorf("%q must not have empty segments, . or .., which servers and clients take out", value)
	}
	s.BasePath = value
	return checkPrintable(value)
}

func setOrigins(s *Settings, value string) error {
	switch value {
	case "*":
		s.CORSOrigins = []string{"*"}
		return nil
	case "off":
		return nil
	}
	for origin := range strings.SplitSeq(value, ",") {
		origin = strings.TrimSpace(origin)
		address, err := parseHTTPURL(origin)
		if err != nil || address.Scheme+"://"+address.Host != origin {
			return fmt.Errorf("%q is not an origin such as https://app.example.com; the value is *, off, or origins with commas between them", origin)
		}
		s.CORSOrigins = append(s.CORSOrigins, origin)
	}
	return nil
}

func setLogLevel(s *Settings, value string) error {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[value]
	if !ok {
		return fmt.Errorf("%q is none of debug, info, warn, error", value)
	}
	s.LogLevel = level
	return nil
}

// setAgents reads name=url,name=url, or a JSON object of objects with url and
// headers.
func parseInt(value string, least, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%q is not a whole number from %d to %d", value, least, most)
	}
	return n, nil
}

// parseHTTPURL parses an absolute http or https address. Its errors don't quote
// it, since it may hold a password.
func parseHTTPURL(value string) (*url.URL, error) {
	address, err := parseURL(value)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Hostname() == "" {
		return nil, errors.New("not an address that starts with http:// or https://")
	}
	return address, nil
}

func parseURL(value string) (*url.URL, error) {
	if err := checkPrintable(value); err != nil {
		return nil, err
	}
	return url.Parse(value)
}

// checkPrintable refuses white space, which a value gets from a file or a form
// by accident. Its error doesn't quote the value.
func checkPrintable(value string) error {
	if strings.ContainsFunc(value, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return errors.New("there is white space or a control character in it")
	}
	return nil
}
