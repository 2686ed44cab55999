package check

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/bundle"
)

// advise adds what is unsafe or likely wrong with settings that are valid.
func (a advisor) advise() {
	a.adviseAccess()
	a.adviseStore()
	a.adviseModels()
	a.adviseUpstreams()
	a.adviseRoutes()
	a.advisePlatform()
}

func (a advisor) adviseAccess() {
	s := a.settings
	if a.platform.Name == "local" {
		return // which this machine alone can call
	}
	if s.Development {
		a.problem("development", "COPILOTKIT_ENV", "it is development, and this isn't the local server",
			"Errors are shown with their detail, debug events are there, and whoever calls is let in.", "Remove it, or set it to production.")
	}
	unlimited := s.LimitTokensPerDay == 0 && s.LimitRunsPerMinute == 0
	switch {
	case s.Auth == "" && !s.Development:
		a.problem(MistakeNoAuth, "COPILOTKIT_AUTH", "it isn't set, and nobody else decides who may call",
			"The runtime doesn't start: whoever knew the address could spend your tokens and read threads.", chooseAuth)
	case s.Auth == bundle.AuthNone:
		a.warn(MistakeNoAuth, "COPILOTKIT_AUTH", "it is none: everybody who knows the address may call",
			"Strangers can spend your tokens, and who knows a thread's id can read it.", "Set it to oidc, session, token or platform before real users come.")
		if s.PublicThreads {
			a.problem("public-threads", "COPILOTKIT_PUBLIC_THREADS", "everybody may list everybody's threads", "", "Remove it unless this is a demonstration.")
		}
		if unlimited {
			a.warn("no-limits", "COPILOTKIT_LIMIT_RUNS_PER_MINUTE", "there is no limit to what a caller spends",
				"One script can use up your model's budget.", "Set COPILOTKIT_LIMIT_RUNS_PER_MINUTE and COPILOTKIT_LIMIT_TOKENS_PER_DAY.")
		}
	case s.Auth == bundle.AuthSession:
		if unlimited {
			a.warn("no-limits", "COPILOTKIT_LIMIT_RUNS_PER_MINUTE", "sessions cost nothing, and there is no limit to what one spends",
				"One script can use up your model's budget.", "Set COPILOTKIT_LIMIT_RUNS_PER_MINUTE and COPILOTKIT_LIMIT_TOKENS_PER_DAY.")
		}
	}
	if slices.Contains(s.ForwardAuthorization, "*") && len(s.Agents) > 0 {
		a.warn("forwards", "COPILOTKIT_FORWARD_AUTHORIZATION", "all remote agents get the caller's Authorization",
			"Whoever runs one of them can act as the caller.", "Name the agents that are trusted to.")
	}
	if s.Debug.Verbose {
		a.warn("debug", "COPILOTKIT_DEBUG", "the log has whole conversations", "", "Turn verbose off when the mistake is found.")
	}
}

func (a advisor) adviseStore() {
	s := a.settings
	switch scheme := s.Store.Scheme(); {
	case scheme == "" && a.platform.Name != "local" && s.Intelligence.Key == "":
		why := "Threads are gone when the process ends."
		if a.platform.Functions {
			why = "Instances come and go, and there are several at once: threads get lost, and Stop and reconnecting only work where they happen to meet the same one."
		}
		a.warn("memory", "COPILOTKIT_STORE", "threads are kept in memory", why, "Set it to "+a.suggestedStore()+".")
	case scheme == "redis":
		a.adviseRedis(s.Store.Reveal())
	case strings.HasPrefix(scheme, "postgres"):
		a.advisePostgres(s.Store.Reveal())
	case scheme == "sqlite" && a.platform.Name == "image":
		a.warn("volume", "COPILOTKIT_STORE", "a file in a container is gone with it", "", "Let the file be on a volume, and run one container alone.")
	}
	if scheme := s.Store.Scheme(); scheme != "" && scheme != "sqlite" {
		a.adviseLocalhost("COPILOTKIT_STORE", "the store", s.Store.Reveal())
	}
}

func (a advisor) suggestedStore() string {
	switch a.platform.Name {
	case "lambda":
		return "dynamodb://table, rediss://… or postgres://…"
	case "server", "image":
		return "rediss://…, postgres://… or sqlite:///path/file.db"
	}
	return "rediss://… or postgres://…"
}

// tlsOnly are the ends of hosts whose Redis takes no connection without TLS.
var tlsOnly = [...]string{".upstash.io", ".ondigitalocean.com", ".aivencloud.com", ".redis.cache.windows.net", ".redis.azure.net", ".keyvalue.render.com"}

func (a advisor) adviseRedis(address string) {
	parsed, err := url.Parse(address)
	if err != nil {
		return
	}
	name := parsed.Hostname()
	serverless := strings.Contains(name, ".serverless.") && strings.HasSuffix(name, ".cache.amazonaws.com")
	wants := func(end string) bool { return strings.HasSuffix(name, end) }
	switch {
	case serverless || slices.ContainsFunc(tlsOnly[:], wants):
		a.problem(MistakeStoreWantsTLS, "COPILOTKIT_STORE", "it begins with redis://, and "+name+" takes connections with TLS alone",
			"The server hangs up without a word, and requests are answered with 503.", "Begin it with rediss://.")
	case isPublic(name):
		a.warn("plain-store", "COPILOTKIT_STORE", "it begins with redis://: the password and the threads go to "+name+" without encryption", "",
			"Begin it with rediss:// if the server has TLS, or let nobody between listen.")
	}
}

func (a advisor) advisePostgres(address string) {
	parsed, err := url.Parse(address)
	if err != nil || !isPublic(parsed.Hostname()) {
		return
	}
	switch mode := parsed.Query().Get("sslmode"); mode {
	case "require", "verify-ca", "verify-full":
	default:
		a.warn("plain-store", "COPILOTKIT_STORE", fmt.Sprintf("its sslmode is %q: the connection to %s may have no encryption", mode, parsed.Hostname()), "",
			"Add sslmode=verify-full to the address, or require.")
	}
}

// isPublic reports whether a host is neither this machine nor in a network of its owner's,
// as far as its name says.
func isPublic(name string) bool {
	if ip, err := netip.ParseAddr(name); err == nil {
		return !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast()
	}
	for _, end := range []string{".localhost", ".local", ".internal", ".lan", ".svc"} {
		if strings.HasSuffix(name, end) {
			return false
		}
	}
	return strings.Contains(name, ".")
}

// isThisMachine reports whether an address leads to the machine that asks.
func isThisMachine(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && (&core.CORS{Origins: []string{core.LoopbackOrigins}}).Names("http://"+parsed.Host)
}

// adviseLocalhost warns of what is expected on the very machine or container that the
// runtime runs in.
func (a advisor) adviseLocalhost(variable, what, address string) {
	if !isThisMachine(address) || a.platform.Name == "local" || a.platform.Name == "server" {
		return
	}
	a.problem("localhost", variable, what+" is looked for at localhost",
		"On "+a.platform.Title+" that is the instance itself, and not the machine that you are at.", "Set the address at which it is reached from there.")
}

func (a advisor) adviseUpstreams() {
	for _, kind := range []struct {
		variable, what string
		servers        map[string]bundle.Upstream
	}{
		{"COPILOTKIT_AGENTS", "the agent", a.settings.Agents},
		{"COPILOTKIT_MCP_SERVERS", "the MCP server", a.settings.MCPServers},
		{"COPILOTKIT_MCP_APPS", "the MCP server", a.settings.MCPApps},
	} {
		for _, name := range slices.Sorted(maps.Keys(kind.servers)) {
			server := kind.servers[name]
			address := server.URL.Reveal()
			a.adviseLocalhost(kind.variable, kind.what+" "+name, address)
			parsed, err := url.Parse(address)
			if err == nil && parsed.Scheme == "http" && isPublic(parsed.Hostname()) {
				a.warn("plain-http", kind.variable, kind.what+" "+name+" is asked by http://",
					"Whoever is between reads what users write, and the headers with it.", "Begin its address with https://.")
			}
		}
	}
}
