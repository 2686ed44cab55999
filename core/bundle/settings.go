package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access/token"
	"github.com/copilotkit-go/runtime/core/agent/a2ui"
	"github.com/copilotkit-go/runtime/core/model"
)

// DemoModel is the value of COPILOTKIT_MODEL that selects the embedded model.
const DemoModel = "demo"

// Settings are the settings of the environment, validated, with defaults filled in.
// Secrets don't show when they are printed or logged.
type Settings struct {
	// Model is "provider/model", several with commas, or "demo" for the embedded one.
	Model string
	// ModelIsDefault is set if COPILOTKIT_MODEL isn't.
	ModelIsDefault bool
	// ModelSettings are the parameters of the default agent's model.
	ModelSettings model.Settings
	// ModelFirstToken and ModelNextToken limit how long the model may take, 0 for no
	// limit; where there are several, 0 is a minute to the first token.
	ModelFirstToken, ModelNextToken time.Duration
	// ModelHistoryTokens is about how many tokens of a thread the model is sent, 0 for all.
	ModelHistoryTokens int
	// Prompt is the system prompt of the default agent, "" for none.
	Prompt string
	// MaxSteps is the most model calls per run. If zero, the agent's default applies:
	// 10 if tools run in this process and for the embedded model, else 1.
	MaxSteps int
	// Agents are the remote AG-UI agents by name.
	Agents map[string]Upstream
	// MCPServers are the MCP servers by name whose tools the default agent has.
	MCPServers map[string]Upstream
	// A2UI are the options of A2UI surfaces, nil if they aren't set: then there are
	// surfaces for front ends that have a catalog, unless A2UIOff is set.
	A2UI    *a2ui.Config
	A2UIOff bool
	// MCPApps are the MCP servers by name whose tools show pages.
	MCPApps map[string]Upstream
	// ForwardAuthorization are the names of the remote agents and MCP servers that get
	// the caller's Authorization: ["*"] for all remote agents, none for nobody.
	ForwardAuthorization []string
	// ForwardHeaders says which headers of a request agents get.
	ForwardHeaders core.HeaderPolicy
	// OpenGenerativeUI lets models draw pages of their own: those of all agents, or of
	// OpenGenerativeUIAgents if there are any.
	OpenGenerativeUI       bool
	OpenGenerativeUIAgents []string
	// Store is where threads are kept. The zero value is the memory of this process.
	Store SecretURL
	// Intelligence has CopilotKit's managed platform keep the threads instead.
	Intelligence IntelligenceSettings
	// Auth says how callers are identified, "" if COPILOTKIT_AUTH isn't set.
	Auth string
	// AuthTokens are the tokens of [AuthToken], nil for none.
	AuthTokens *token.Tokens
	// AuthAdmins are the ids of users who may read what all have used.
	AuthAdmins []string
	// SessionKey signs the cookies of [AuthSession], and SessionOldKey did so before.
	SessionKey, SessionOldKey Secret
	// SessionSameSite is the attribute of those cookies.
	SessionSameSite http.SameSite
	// OIDCIssuer is whose tokens [AuthOIDC] takes, if they name one of OIDCAudience and
	// have all OIDCScopes. OIDCUserClaim is the claim with the user's id.
	OIDCIssuer, OIDCUserClaim string
	OIDCAudience, OIDCScopes  []string
	// LoadBalancer is the ARN of the Application Load Balancer, and IAPAudience the
	// audience at Identity-Aware Proxy, that [AuthPlatform] believes; "" for none.
	LoadBalancer, IAPAudience string
	// PublicThreads lets threads be listed without users.
	PublicThreads bool
	// TrustedProxies is how many entries from the end of X-Forwarded-For the client's
	// address is.
	TrustedProxies int
	// LimitRunsPerMinute, LimitConcurrentRuns and LimitTokensPerDay bound what a user
	// spends, 0 for no limit.
	LimitRunsPerMinute, LimitConcurrentRuns int
	LimitTokensPerDay                       int64
	// AllowUncounted lets runs go on while the store can't count them.
	AllowUncounted bool
	// BasePath is where the routes are mounted, "/" for the root.
	BasePath string
	// SingleRoute sends all requests through one POST route.
	SingleRoute bool
	// Static is the folder of a front end to serve beside the routes, "" for none.
	// StaticPolicy are directives in the place of those of its Content-Security-Policy, or
	// "off".
	Static, StaticPolicy string
	// CORSOrigins are the origins whose pages may call the runtime: ["*"] for any,
	// none if CORS is handled elsewhere. "loopback" stands for all of this machine.
	CORSOrigins []string
	// CORSCredentials lets pages of CORSOrigins send cookies.
	CORSCredentials bool
	// CORSMaxAge is how many seconds a browser may keep the answer to a preflight. It
	// defaults to two hours, the most that Chromium keeps one.
	CORSMaxAge int
	// TranscriptionModel turns speech into text, "" for none.
	TranscriptionModel string
	// CancelOnDisconnect ends a run whose client has disconnected.
	CancelOnDisconnect bool
	// FailOnStoreFailure ends a run that can't be recorded.
	FailOnStoreFailure bool
	// Gather is how long deltas wait for more before a store that is not in this process
	// gets them, 0 for not at all.
	Gather time.Duration
	// SupersedeRuns stops the live run of a thread that gets another.
	SupersedeRuns bool
	// NameThreads names new threads, with one more call of their agent.
	NameThreads bool
	// KeepAlive is how long a stream may be silent before it carries a comment, 0 for
	// ever.
	KeepAlive time.Duration
	// MaxBodyBytes is the size of the largest request that is read.
	MaxBodyBytes int64
	// LambdaBuffered makes AWS Lambda answer in one piece.
	LambdaBuffered bool
	// Development turns on debug events and error detail.
	Development bool
	// Debug says what of runs is logged.
	Debug core.Debug
	// LogLevel is the lowest level that is logged.
	LogLevel slog.Level
	// Drain is how long a server goes on taking requests after it was told to end, while
	// /readyz says that it isn't ready.
	Drain time.Duration
	// Shutdown is how long the runs under way may then go on, before they are closed.
	Shutdown time.Duration
	// MaxRequest is how long a server's requests may take before their runs are closed,
	// 0 for ever.
	MaxRequest time.Duration
	// AgentCore makes a server one that Amazon Bedrock AgentCore can call.
	AgentCore bool
	// Port is where a server listens; 0 lets the system choose.
	Port int
	// Credentials are the keys and addresses of model providers by variable, such as
	// OPENAI_API_KEY. It only has those that are set.
	Credentials map[string]Secret
	// telemetry is what OpenTelemetry's variables ask for.
	telemetry telemetrySettings
}

// Read returns the settings of the environment. The defaults, by variable, replace
// those of the README; it may be nil. The error joins an [*EnvError] for each variable
// that is unknown or malformed.
func Read(env Env, defaults map[string]string) (*Settings, error) {
	values := env.lookup()
	settings := &Settings{
		ModelIsDefault: values["COPILOTKIT_MODEL"] == "",
		Credentials:    make(map[string]Secret),
	}
	errs := unknownVariables(values)
	for _, v := range slices.Concat(providerVariables(), variables) {
		value := values[v.name]
		if value == "" {
			value = defaults[v.name]
		}
		if value == "" {
			value = v.value
		}
		if value == "" {
			continue
		}
		if err := v.set(settings, value); err != nil {
			errs = append(errs, &EnvError{Name: v.name, Err: err})
		}
	}
	if settings.Store.Scheme() == "dynamodb" && cmp.Or(values[gatherMilliseconds], defaults[gatherMilliseconds]) == "" {
		settings.Gather = gatherForDynamoDB
	}
	errs = append(errs, settings.applyAgentCore(values)...)
	if settings.CORSCredentials && !settings.listsOrigins() {
		errs = append(errs, &EnvError{
			Name: "COPILOTKIT_CORS_CREDENTIALS",
			Err:  errors.New("on needs a list of origins in COPILOTKIT_CORS_ORIGINS, since with * or loopback pages that nobody named could act as their visitors"),
		})
	}
	errs = append(errs, settings.checkAuth(values)...)
	errs = append(errs, settings.checkFrontEnd()...)
	errs = append(errs, settings.checkIntelligence(values)...)
	errs = append(errs, settings.readTelemetry(values)...)
	if settings.Development && values[forwardAuthorization] == "" && defaults[forwardAuthorization] == "" {
		settings.ForwardAuthorization = []string{"*"}
	}
	if len(errs) == 0 { // else names may be missing
		if err := settings.checkForwarding(); err != nil {
			errs = append(errs, &EnvError{Name: forwardAuthorization, Err: err})
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return settings, nil
}

const gatherMilliseconds = "COPILOTKIT_GATHER_MILLISECONDS"

// gatherForDynamoDB is longer than for other stores, since each write is billed: with it
// a run costs a quarter.
const gatherForDynamoDB = 250 * time.Millisecond

// listsOrigins reports whether CORS is limited to a list of origins.
func (s *Settings) listsOrigins() bool {
	return len(s.CORSOrigins) > 0 && !slices.Contains(s.CORSOrigins, "*") && !slices.Contains(s.CORSOrigins, core.LoopbackOrigins)
}

// namedOrigins returns the origins of the pages that may act as their visitors: those that
// CORS lists, none if it is for all.
func (s *Settings) namedOrigins() []string {
	if !s.listsOrigins() {
		return nil
	}
	return s.CORSOrigins
}

// CheckKey returns an [*EnvError] with the variable of the model's key, if the model
// needs a key that isn't set, or one of several models does.
func (s *Settings) CheckKey() error { return s.checkKey(parts{}, "COPILOTKIT_MODEL", s.Model) }

// errNoKey is that a model has no key.
var errNoKey = errors.New("not set")

// checkKey does the same for the models that a variable names, unless the program can
// sign in without a key.
func (s *Settings) checkKey(parts parts, variable, models string) error {
	if models == DemoModel {
		return nil
	}
	for _, name := range splitList(models) {
		provider, err := lookupProvider(name)
		if err != nil {
			return &EnvError{Name: variable, Err: err}
		}
		key := provider.KeyVariable
		isSet := func(name string) bool { return s.Credentials[name] != "" }
		if key == "" || isSet(key) || slices.ContainsFunc(provider.OtherKeyVariables, isSet) || parts.signIns[provider.SignIn] != nil {
			continue
		}
		return &EnvError{Name: key, Err: fmt.Errorf("%w, and the model %s needs it (any value, where a server of your own asks for none)", errNoKey, name)}
	}
	return nil
}

// credential looks up a provider's variable as [os.LookupEnv] would.
func (s *Settings) credential(name string) (string, bool) {
	value, ok := s.Credentials[name]
	return value.Reveal(), ok
}
