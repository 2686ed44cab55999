package bundle

import (
	"time"

	"github.com/copilotkit-go/runtime/core/access/oidc"
	"github.com/copilotkit-go/runtime/core/access/platform"
	"github.com/copilotkit-go/runtime/core/access/session"
	"github.com/copilotkit-go/runtime/core/access/token"
)

//go:generate go test -run TestPagesHaveTheTables -update .

// variable is one environment variable: a row of the README's table, which
// go generate writes.
type variable struct {
	name string
	// meaning describes the variable in Markdown.
	meaning string
	// value is the default. If empty, there is none.
	value string
	// fallback describes the default in Markdown, where it is more than value.
	fallback string
	// auth is the way to know who calls that the variable is for. If empty, it is for
	// all; required says that this way needs it.
	auth     string
	required bool
	// set parses a value into the settings. Its error doesn't name the variable.
	set func(s *Settings, value string) error
}

// variables are the runtime's own variables, in the README's order.
var variables = []variable{
	{
		name:     "COPILOTKIT_MODEL",
		meaning:  "`provider/model`, or several with commas: the next answers when one can't, see [Models](docs/models.md#in-production); or `demo` for the embedded model",
		value:    "openai/gpt-4o",
		fallback: "`openai/gpt-4o`; the local server uses `demo` if `OPENAI_API_KEY` isn't set",
		set:      setModel,
	},
	{
		name:    "COPILOTKIT_MODEL_TEMPERATURE",
		meaning: "how freely the model chooses its words: a number from 0 to 2",
		set:     setTemperature,
	},
	{
		name:    "COPILOTKIT_MODEL_MAX_TOKENS",
		meaning: "the most tokens of one answer",
		set:     setMaxTokens,
	},
	{
		name:    "COPILOTKIT_MODEL_REASONING_EFFORT",
		meaning: "how much the model thinks: `none`, `minimal`, `low`, `medium`, `high` or `xhigh`, as far as it knows them",
		set:     setReasoningEffort,
	},
	{
		name:    "COPILOTKIT_MODEL_OPTIONS",
		meaning: "further fields of its requests, by provider: `{\"openai\":{\"serviceTier\":\"flex\"}}`",
		set:     setModelOptions,
	},
	{
		name:     "COPILOTKIT_MODEL_FIRST_TOKEN_SECONDS",
		meaning:  "how long the model may take to the first token; then the next one is asked, or the run ends with `model_timeout`",
		fallback: "no limit; 60 where `COPILOTKIT_MODEL` has several",
		set:      setSeconds(func(s *Settings) *time.Duration { return &s.ModelFirstToken }),
	},
	{
		name:     "COPILOTKIT_MODEL_NEXT_TOKEN_SECONDS",
		meaning:  "how long it may take from one token to the next; then the run ends with `model_timeout`",
		fallback: "no limit",
		set:      setSeconds(func(s *Settings) *time.Duration { return &s.ModelNextToken }),
	},
	{
		name:     "COPILOTKIT_MODEL_HISTORY_TOKENS",
		meaning:  "about how many tokens of a thread the model is sent; the oldest turns of a longer one are left out",
		fallback: "all of it",
		set:      setInt(func(s *Settings) *int { return &s.ModelHistoryTokens }, 1, 100_000_000),
	},
	{
		name:    "COPILOTKIT_PROMPT",
		meaning: "system prompt of the default agent",
		set: func(s *Settings, value string) error {
			s.Prompt = value
			return nil
		},
	},
	{
		name:     "COPILOTKIT_MAX_STEPS",
		meaning:  "the most model calls per run",
		fallback: "10 if tools run on the server (and for the demo model), else 1",
		set:      setInt(func(s *Settings) *int { return &s.MaxSteps }, 1, 1000),
	},
	{
		name:    "COPILOTKIT_AGENTS",
		meaning: "remote AG-UI agents: `name=url,name=url`, or `{\"name\":{\"url\":\"…\",\"headers\":{\"…\":\"…\"},\"connectUrl\":\"…\"}}`",
		set: func(s *Settings, value string) (err error) {
			s.Agents, err = parseUpstreams(value, remoteAgents)
			return err
		},
	},
	{
		name: "COPILOTKIT_MCP_SERVERS",
		meaning: "MCP servers whose tools the default agent gets: `name=url,name=url`, or " +
			"`{\"name\":{\"url\":\"…\",\"headers\":{\"…\":\"…\"},\"transport\":\"http\"}}`; the transport is `http` or `sse`; " +
			"`oauth` gets [access tokens](docs/forwarding.md#access-tokens-of-the-runtimes-own)",
		set: func(s *Settings, value string) (err error) {
			s.MCPServers, err = parseUpstreams(value, mcpServers)
			return err
		},
	},
	{
		name: "COPILOTKIT_MCP_APPS",
		meaning: "MCP servers whose tools show pages in the chat, written as `COPILOTKIT_MCP_SERVERS` is; in JSON also `agentId`, the one agent " +
			"that has them, and `serverId`, which is the name by default; [more](docs/generative-ui.md#mcp-apps)",
		set: func(s *Settings, value string) (err error) {
			s.MCPApps, err = parseUpstreams(value, mcpApps)
			return err
		},
	},
	{
		name: a2uiVariable,
		meaning: "whether agents may draw A2UI surfaces: `on`, `off`, or a JSON object of options, " +
			"see [Generative UI](docs/generative-ui.md#a2ui)",
		fallback: "for front ends that have a catalog of components",
		set:      setA2UI,
	},
	{
		name:    openGenerativeUI,
		meaning: "`on` lets models draw pages of their own in the chat, `{\"agents\":[\"…\"]}` those of some agents; or `off`; [more](docs/generative-ui.md#pages)",
		value:   "off",
		set:     setOpenGenerativeUI,
	},
	{
		name: "COPILOTKIT_FORWARD_AUTHORIZATION",
		meaning: "who gets the caller's `Authorization`, and headers like it: comma-separated names of remote agents and MCP servers, " +
			"`*` for all remote agents, or `off`; [more](docs/forwarding.md)",
		fallback: "`off`; in development `*`",
		set:      setForwardAuthorization,
	},
	{
		name: "COPILOTKIT_FORWARD_HEADERS",
		meaning: "which headers of a request agents get: `{\"deny\":[],\"denyPrefixes\":[],\"allow\":[],\"useDefaultDenylist\":true}`, each of which " +
			"may be left out; [more](docs/forwarding.md#which-headers)",
		fallback: "`authorization` and `x-*`, without those of proxies and platforms",
		set:      setForwardHeaders,
	},
	{
		name:    "COPILOTKIT_STORE",
		meaning: "where threads are kept: `memory`, `redis://…`, `rediss://…`, `postgres://…`; AWS Lambda and the local server also take `dynamodb://table`, the local server `sqlite:///path/file.db`",
		value:   "memory",
		set:     setStore,
	},
	{
		name:     "COPILOTKIT_AUTH",
		meaning:  "who may call: `none`, `session`, `token`, `oidc` or `platform`; see [Access](docs/access.md)",
		fallback: "must be set in production; in development and for the local server `none`",
		set:      setAuth,
	},
	{
		name:     "COPILOTKIT_AUTH_TOKENS",
		auth:     AuthToken,
		required: true,
		meaning:  "the tokens of `token`: `name:token` or `name:sha256:digest`, comma-separated; the name is the user",
		set: func(s *Settings, value string) (err error) {
			s.AuthTokens, err = token.Parse(value)
			return err
		},
	},
	{
		name:    "COPILOTKIT_AUTH_ADMINS",
		meaning: "users who may read what all have used, comma-separated",
		set:     setAdmins,
	},
	{
		name:     "COPILOTKIT_SESSION_KEY",
		auth:     AuthSession,
		required: true,
		meaning:  "signs the cookies of `session`: at least 32 random bytes, such as those of `openssl rand -hex 32`",
		set:      setSessionKey(func(s *Settings) *Secret { return &s.SessionKey }),
	},
	{
		name:    "COPILOTKIT_SESSION_OLD_KEY",
		auth:    AuthSession,
		meaning: "the key before that, whose cookies are still accepted",
		set:     setSessionKey(func(s *Settings) *Secret { return &s.SessionOldKey }),
	},
	{
		name:    "COPILOTKIT_SESSION_SAME_SITE",
		auth:    AuthSession,
		meaning: "to whose requests browsers add the cookie: `lax`, `strict`, or `none` if pages of another site call the runtime",
		value:   "lax",
		set: func(s *Settings, value string) (err error) {
			s.SessionSameSite, err = session.ParseSameSite(value)
			return err
		},
	},
	{
		name:     "COPILOTKIT_OIDC_ISSUER",
		auth:     AuthOIDC,
		required: true,
		meaning:  "whose tokens `oidc` takes: the issuer's address exactly as its tokens have it; see [identity providers](docs/identity-providers.md)",
		set: func(s *Settings, value string) error {
			s.OIDCIssuer = value
			return checkOIDC(oidc.Config{Issuer: value})
		},
	},
	{
		name:     "COPILOTKIT_OIDC_AUDIENCE",
		auth:     AuthOIDC,
		required: true,
		meaning:  "for whom those tokens must be: the name of this runtime at the issuer, or several, comma-separated",
		set: func(s *Settings, value string) error {
			s.OIDCAudience = splitList(value)
			return checkOIDC(oidc.Config{Audience: s.OIDCAudience})
		},
	},
	{
		name:    "COPILOTKIT_OIDC_USER_CLAIM",
		auth:    AuthOIDC,
		meaning: "the claim of those tokens with the user's id",
		value:   "sub",
		set: func(s *Settings, value string) error {
			s.OIDCUserClaim = value
			return checkPrintable(value)
		},
	},
	{
		name:    "COPILOTKIT_OIDC_SCOPES",
		auth:    AuthOIDC,
		meaning: "scopes that those tokens must have, all of them, comma-separated",
		set: func(s *Settings, value string) error {
			s.OIDCScopes = splitList(value)
			return checkOIDC(oidc.Config{Scopes: s.OIDCScopes})
		},
	},
	{
		name:    "COPILOTKIT_ALB_ARN",
		auth:    AuthPlatform,
		meaning: "the AWS Application Load Balancer whose signed header `platform` believes",
		set: func(s *Settings, value string) error {
			s.LoadBalancer = value
			_, err := platform.New(platform.Config{LoadBalancer: value})
			return err
		},
	},
	{
		name:    "COPILOTKIT_IAP_AUDIENCE",
		auth:    AuthPlatform,
		meaning: "the audience of Google's Identity-Aware Proxy whose signed header `platform` believes: `/projects/…`",
		set: func(s *Settings, value string) error {
			s.IAPAudience = value
			_, err := platform.New(platform.Config{IAPAudience: value})
			return err
		},
	},
	{
		name:     "COPILOTKIT_PUBLIC_THREADS",
		auth:     AuthNone,
		meaning:  "`on` lets everybody list the threads where `COPILOTKIT_AUTH` is `none`; or `off`",
		value:    "off",
		fallback: "`off`; in development they are always listed",
		set:      oneOf(func(s *Settings) *bool { return &s.PublicThreads }, "off", "on"),
	},
	{
		name:     "COPILOTKIT_TRUSTED_PROXIES",
		meaning:  "how many proxies in front each add their caller to `X-Forwarded-For`, from which the client's address is taken",
		value:    "0",
		fallback: "0; on Google Cloud and Vercel 1",
		set:      setInt(func(s *Settings) *int { return &s.TrustedProxies }, 0, 10),
	},
	{
		name:     "COPILOTKIT_LIMIT_RUNS_PER_MINUTE",
		meaning:  "runs that a user may begin within a minute; see [Usage](docs/usage.md)",
		value:    "0",
		fallback: "0: no limit; with `template.yaml` 20",
		set:      setInt(func(s *Settings) *int { return &s.LimitRunsPerMinute }, 0, 100_000),
	},
	{
		name:     "COPILOTKIT_LIMIT_CONCURRENT_RUNS",
		meaning:  "runs that a user may have at the same time",
		value:    "0",
		fallback: "0: no limit; with `template.yaml` 5",
		set:      setInt(func(s *Settings) *int { return &s.LimitConcurrentRuns }, 0, 100_000),
	},
	{
		name:     "COPILOTKIT_LIMIT_TOKENS_PER_DAY",
		meaning:  "tokens that a user may spend on a day, in UTC",
		value:    "0",
		fallback: "0: no limit; with `template.yaml` 1000000",
		set:      setInt(func(s *Settings) *int64 { return &s.LimitTokensPerDay }, 0, 1_000_000_000_000),
	},
	{
		name:    "COPILOTKIT_ON_LIMIT_FAILURE",
		meaning: "while the store can't count what users spend: `refuse` runs, or `allow` them",
		value:   "refuse",
		set:     oneOf(func(s *Settings) *bool { return &s.AllowUncounted }, "refuse", "allow"),
	},
	{
		name:    "COPILOTKIT_BASE_PATH",
		meaning: "where the routes are mounted",
		value:   "/api/copilotkit",
		set:     setBasePath,
	},
	{
		name:    "COPILOTKIT_ENDPOINT",
		meaning: "`multi-route` or `single-route`",
		value:   "multi-route",
		set:     oneOf(func(s *Settings) *bool { return &s.SingleRoute }, "multi-route", "single-route"),
	},
	{
		name: "COPILOTKIT_CORS_ORIGINS",
		meaning: "which web pages may call the runtime: `*`, comma-separated origins, `loopback` alone or among them for pages of this " +
			"machine, or `off`",
		value:    "*",
		fallback: "`*`; the local server: `loopback`",
		set:      setOrigins,
	},
	{
		name:    "COPILOTKIT_CORS_CREDENTIALS",
		meaning: "`on` lets pages of the listed origins send cookies; or `off`",
		value:   "off",
		set:     oneOf(func(s *Settings) *bool { return &s.CORSCredentials }, "off", "on"),
	},
	{
		name: "COPILOTKIT_CORS_MAX_AGE_SECONDS",
		meaning: "how long a browser may keep the answer to a preflight. With 0 it asks before most requests of a page of another origin, " +
			"which on a function platform is one more invocation",
		value: "7200",
		set:   setInt(func(s *Settings) *int { return &s.CORSMaxAge }, 0, 86400),
	},
	{
		name:     "COPILOTKIT_TRANSCRIPTION_MODEL",
		meaning:  "the model that `/transcribe` uses, such as `whisper-1`",
		fallback: "off",
		set: func(s *Settings, value string) error {
			s.TranscriptionModel = value
			return checkPrintable(value)
		},
	},
	{
		name:    "COPILOTKIT_ON_DISCONNECT",
		meaning: "what happens to a run whose client disconnects: `continue` or `cancel`",
		value:   "continue",
		set:     oneOf(func(s *Settings) *bool { return &s.CancelOnDisconnect }, "continue", "cancel"),
	},
	{
		name:    "COPILOTKIT_ON_STORE_FAILURE",
		meaning: "what happens to a run that can no longer be recorded: `continue` for its client, or `fail` with RUN_ERROR",
		value:   "continue",
		set:     oneOf(func(s *Settings) *bool { return &s.FailOnStoreFailure }, "continue", "fail"),
	},
	{
		name:     gatherMilliseconds,
		meaning:  "how long quick deltas wait for more before the store gets them, which costs fewer of its commands; 0 for not at all. [More](docs/threads.md#what-it-costs)",
		value:    "25",
		fallback: "`25`; with DynamoDB `250`",
		set: func(s *Settings, value string) error {
			n, err := parseInt(value, 0, 1000)
			s.Gather = time.Duration(n) * time.Millisecond
			return err
		},
	},
	{
		name:    "COPILOTKIT_ON_CONCURRENT_RUN",
		meaning: "what happens to a second run on a busy thread: `reject` it with 409, or let it `supersede` the first",
		value:   "reject",
		set:     oneOf(func(s *Settings) *bool { return &s.SupersedeRuns }, "reject", "supersede"),
	},
	{
		name:    "COPILOTKIT_SSE_KEEP_ALIVE_SECONDS",
		meaning: "how long a stream may be silent before it carries a comment, so that no proxy takes it for dead; 0 for none",
		value:   "15",
		set:     setKeepAlive,
	},
	{
		name:    "COPILOTKIT_THREAD_NAMES",
		meaning: "`on` names new threads, with one more call of their agent; or `off`",
		value:   "off",
		set:     oneOf(func(s *Settings) *bool { return &s.NameThreads }, "off", "on"),
	},
	{
		name:    "COPILOTKIT_MAX_BODY_BYTES",
		meaning: "larger requests get 413; on Lambda, Vercel and Google the default is what the platform takes, 6291456, 4718592 and 33554432; [more limits](docs/limits.md)",
		value:   "67108864",
		set:     setInt(func(s *Settings) *int64 { return &s.MaxBodyBytes }, 1, 1<<40),
	},
	{
		name:    "COPILOTKIT_LAMBDA_RESPONSE",
		meaning: "how AWS Lambda answers: `stream` or `buffered`",
		value:   "stream",
		set:     oneOf(func(s *Settings) *bool { return &s.LambdaBuffered }, "stream", "buffered"),
	},
	{
		name:     "COPILOTKIT_ENV",
		meaning:  "`production` or `development` (debug events, error detail)",
		value:    "production",
		fallback: "`production`; the local server: `development`",
		set:      oneOf(func(s *Settings) *bool { return &s.Development }, "production", "development"),
	},
	{
		name:    "COPILOTKIT_LOG_LEVEL",
		meaning: "`debug`, `info`, `warn` or `error`",
		value:   "info",
		set:     setLogLevel,
	},
	telemetryVariables,
	{
		name:    "COPILOTKIT_DRAIN_SECONDS",
		meaning: "how long the local server goes on taking requests after SIGTERM, while [`/readyz`](docs/operations.md#graceful-deploys) says 503, so that load balancers notice",
		value:   "0",
		set:     setDrain,
	},
	{
		name:    "COPILOTKIT_DEBUG",
		meaning: "`on` logs the events of runs, without what they say, and when runs begin and end: `{\"events\":true,\"lifecycle\":true,\"verbose\":false}`; or `off`; [more](docs/debugging.md)",
		value:   "off",
		set:     setDebug,
	},
	{
		name:    "PORT",
		meaning: "the port of the local server and of the one for Vercel; 0 is any free port",
		value:   "8080",
		set:     setInt(func(s *Settings) *int { return &s.Port }, 0, 65535),
	},
}
