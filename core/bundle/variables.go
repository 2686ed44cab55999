package bundle

import (
	"slices"
	"time"
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
var variables = slices.Concat(agentVariables, storeVariables, intelligenceVariables, accessVariables, servingVariables, frontEndVariables)

// storeVariables say where threads are kept.
var storeVariables = []variable{
	{
		name:    "COPILOTKIT_STORE",
		meaning: "where threads are kept: `memory`, `redis://…`, `rediss://…`, `postgres://…`; AWS Lambda, the local server and the image also take `dynamodb://table`, the last two `sqlite:///path/file.db`",
		value:   "memory",
		set:     setStore,
	},
}

// servingVariables say how requests are answered, and what is logged.
var servingVariables = []variable{
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
		meaning: "how long the local server and the [image](docs/image.md) go on taking requests after SIGTERM, while [`/readyz`](docs/operations.md#graceful-deploys) says 503, so that load balancers notice",
		value:   "0",
		set:     setSecondsWithin(func(s *Settings) *time.Duration { return &s.Drain }, 0, 3600),
	},
	{
		name:     "COPILOTKIT_SHUTDOWN_SECONDS",
		meaning:  "how long they then let runs go on, before these are closed with RUN_ERROR `SHUTDOWN`",
		value:    "30",
		fallback: "`30`; the image: `7`",
		set:      setSecondsWithin(func(s *Settings) *time.Duration { return &s.Shutdown }, 0, 3600),
	},
	{
		name: maxRequestSeconds,
		meaning: "how long a request of the image may take, since what stands before it cuts it off then: its run is closed with RUN_ERROR a " +
			"little earlier; 0 for ever",
		value:    "0",
		fallback: "`0`; on AgentCore `3600`",
		set:      setSecondsWithin(func(s *Settings) *time.Duration { return &s.MaxRequest }, 0, 86400),
	},
	{
		name:    agentCoreVariable,
		meaning: "`on` lets [Amazon Bedrock AgentCore](docs/image.md#amazon-bedrock-agentcore) call the image; or `off`",
		value:   "off",
		set:     oneOf(func(s *Settings) *bool { return &s.AgentCore }, "off", "on"),
	},
	{
		name:    "COPILOTKIT_DEBUG",
		meaning: "`on` logs the events of runs, without what they say, and when runs begin and end: `{\"events\":true,\"lifecycle\":true,\"verbose\":false}`; or `off`; [more](docs/debugging.md)",
		value:   "off",
		set:     setDebug,
	},
	{
		name:    "PORT",
		meaning: "the port of the local server, the image and the server for Vercel; 0 is any free port",
		value:   "8080",
		set:     setInt(func(s *Settings) *int { return &s.Port }, 0, 65535),
	},
}
