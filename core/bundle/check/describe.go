package check

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
)

// advisor looks at settings.
type advisor struct {
	*Report
	settings *bundle.Settings
	values   map[string]string
	platform platforms.Platform
}

// describe adds what the deployment would do.
func (a advisor) describe() {
	s := a.settings
	a.does("model", a.model())
	if a.values["COPILOTKIT_PROMPT"] != "" {
		a.does("prompt", "set")
	}
	a.does("agents", a.agents()...)
	a.does("MCP servers", upstreams(s.MCPServers)...)
	a.does("MCP apps", upstreams(s.MCPApps)...)
	a.does("threads", a.store(), when(s.PublicThreads, "listed to everybody"), when(s.NameThreads, "named by their agent"),
		when(s.SupersedeRuns, "a second run ends the first"), when(s.FailOnStoreFailure, "a run ends that can't be recorded"))
	a.does("who may call", a.auth()...)
	a.does("limits per user", limits(s)...)
	a.does("web pages", a.pages(), when(s.CORSCredentials, "with cookies"))
	endpoint := "multi-route"
	if s.SingleRoute {
		endpoint = "single-route: front ends must set useSingleEndpoint"
	}
	a.does("routes", "below "+s.BasePath, endpoint, fmt.Sprintf("bodies of up to %d bytes", s.MaxBodyBytes))
	a.does("forwarded", when(len(s.ForwardAuthorization) > 0, "the caller's Authorization to "+strings.Join(s.ForwardAuthorization, ", ")))
	a.does("draws", when(s.A2UI != nil, "A2UI surfaces"), when(s.OpenGenerativeUI, "pages that models write"))
	a.does("transcription", s.TranscriptionModel)
	a.does("telemetry", a.telemetry()...)
	mode := "production"
	if s.Development {
		mode = "development: error detail and debug events"
	}
	a.does("mode", mode, "logs from "+strings.ToLower(s.LogLevel.String()), when(s.Debug.Events, "logs events"),
		when(s.CancelOnDisconnect, "a client that leaves ends its run"))
	a.does("static files", a.static())
}

func when(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

func (a advisor) model() string {
	if a.settings.Agents["default"].URL.Reveal() != "" {
		return "none, since the default agent is a remote one"
	}
	if a.settings.Model == bundle.DemoModel {
		return "demo, embedded in the program"
	}
	var models []string
	for name := range strings.SplitSeq(a.settings.Model, ",") {
		name = strings.TrimSpace(name)
		by := "without a key"
		if keys := a.settings.Keys(name); len(keys) > 0 {
			by = "with " + keys[0]
		} else if provider, err := bundle.ProviderOf(name); err == nil && provider.SignIn != "" && slices.Contains(a.platform.SignIns, provider.SignIn) {
			by = "as the identity that the platform gives"
		}
		if address := a.address(name); address != "" {
			by += " at " + host(address)
		}
		models = append(models, name+" "+by)
	}
	return strings.Join(models, ", then ")
}

// address returns the configured address of a model's provider, "" for its public one.
func (a advisor) address(model string) string {
	provider, err := bundle.ProviderOf(model)
	if err != nil {
		return ""
	}
	return a.settings.Credentials[provider.URLVariable].Reveal()
}

func (a advisor) agents() []string {
	list := upstreams(a.settings.Agents)
	if a.settings.Agents["default"].URL.Reveal() == "" {
		list = slices.Insert(list, 0, "default (built in)")
	}
	return list
}

// upstreams names servers and their hosts, in the order of names.
func upstreams(servers map[string]bundle.Upstream) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		list = append(list, name+" at "+host(servers[name].URL.Reveal()))
	}
	return list
}

func (a advisor) store() string {
	if a.settings.Intelligence.Key != "" {
		return "with CopilotKit's managed platform"
	}
	switch address := a.settings.Store; address.Scheme() {
	case "":
		return "in the memory of each instance"
	case "sqlite":
		return "in the file " + filepath.Clean(strings.TrimPrefix(strings.Split(address.Reveal(), "?")[0], "sqlite://"))
	default:
		return "in " + host(address.Reveal())
	}
}

func (a advisor) auth() []string {
	s := a.settings
	switch s.Auth {
	case bundle.AuthSession:
		return []string{"everybody, each browser as a user of its own"}
	case bundle.AuthToken:
		return []string{"who has one of the tokens of COPILOTKIT_AUTH_TOKENS"}
	case bundle.AuthOIDC:
		return []string{"who has a token of " + host(s.OIDCIssuer), "for " + strings.Join(s.OIDCAudience, " or ")}
	case bundle.AuthPlatform:
		return []string{"whom the platform's front door has verified"}
	}
	if s.Auth == "" && !s.Development {
		return []string{"nobody has decided"}
	}
	return []string{"everybody who knows the address"}
}

func limits(s *bundle.Settings) []string {
	list := []string{
		when(s.LimitRunsPerMinute > 0, fmt.Sprintf("%d runs a minute", s.LimitRunsPerMinute)),
		when(s.LimitConcurrentRuns > 0, fmt.Sprintf("%d runs at once", s.LimitConcurrentRuns)),
		when(s.LimitTokensPerDay > 0, fmt.Sprintf("%d tokens a day", s.LimitTokensPerDay)),
	}
	if strings.Join(list, "") == "" {
		return []string{"none"}
	}
	return list
}

func (a advisor) pages() string {
	switch origins := a.settings.CORSOrigins; {
	case len(origins) == 0:
		return "CORS is left to a layer in front"
	case slices.Contains(origins, "*"):
		return "those of any origin"
	default:
		return "those of " + strings.Join(origins, ", ")
	}
}

// telemetry says what OpenTelemetry's variables ask for, as far as they name it.
func (a advisor) telemetry() []string {
	if a.values["OTEL_SDK_DISABLED"] == "true" {
		return nil
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(a.values)) {
		switch {
		case !strings.HasPrefix(name, "OTEL_"):
		case strings.HasSuffix(name, "_ENDPOINT"):
			list = append(list, "to "+host(a.values[name]))
		case name == "OTEL_METRICS_EXPORTER", name == "OTEL_TRACES_EXPORTER":
			list = append(list, strings.ToLower(strings.Split(name, "_")[1])+" by "+a.values[name])
		}
	}
	return list
}

func (a advisor) static() string { return a.values["COPILOTKIT_STATIC"] }
