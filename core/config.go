package core

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// Config configures a [Runtime]. Only agents are required: the zero value of
// every other field is ready for use. [New] reads it once; changing it
// afterwards has no effect.
type Config struct {
	// Agents are the agents by the name that front ends use. A front end that
	// names none asks for "default". Required, unless AgentsFor is set.
	Agents map[string]agent.Agent
	// AgentsFor returns the agents of one request, for deployments whose tenants
	// have different ones. It is called for every agent request and for /info,
	// concurrently. An [*HTTPError] from it is the answer; any other error is a
	// 500. If nil, Agents are everybody's; if set, Agents is not used.
	AgentsFor func(*http.Request) (map[string]agent.Agent, error)
	// Extensions add to what the agents do in a run, the first outermost: surfaces,
	// applications of MCP servers, pages. Suggestions don't have them. Defaults to none.
	Extensions []agent.Extension
	// Transcriber answers /transcribe. If nil, that route answers 503.
	Transcriber agent.Transcriber

	// Store keeps the threads. It is closed by whoever opened it, after the
	// runtime. If nil, defaults to a bounded store in memory, which belongs to
	// the runtime and is lost with the process.
	Store store.Store
	// Intelligence has CopilotKit's managed platform keep the threads, in place of Store,
	// which must be nil then. The answer to a run then says where its events are to be
	// had, and the run goes on when that has been sent, in a goroutine that Close waits
	// for: where nothing runs between requests, see [WithBackground]. It has the deadline
	// and the values of its request's context, of which those that a router reuses for
	// other requests aren't for agents and hooks. It needs Identify, which must always
	// return a user. Limits are counted in this process's memory. If nil, Store keeps the
	// threads.
	Intelligence *intelligence.Config
	// Identify returns who calls: threads of different users never meet, even under
	// the same id. It is called once for each request but preflights, after OnRequest
	// and BeforeRequest and before anything else is read of it. It refuses a request
	// with an [*access.Error], which becomes 401 or 403, or with an [*HTTPError];
	// [access.ErrUnavailable] becomes 503. The request's context then has the user, for
	// agents, tools and hooks: see [access.UserFrom]. With it, agents that keep threads
	// themselves are not asked for those that the store doesn't know, and no cache may
	// keep an answer. If nil, all requests share one set of threads, as in the
	// reference.
	Identify func(*http.Request) (access.User, error)
	// PublicThreads lets threads be listed by requests that are nobody's: those
	// without Identify, or for whom it returns a user without an ID. Defaults to false:
	// then one must know a thread's id to see it. In development they can always be
	// listed.
	PublicThreads bool
	// Limits bound what each user may spend. They need a Store that is a
	// [store.Meter], as those that ship are. The zero value sets no limit: then nothing
	// is counted, and /usage isn't found.
	Limits Limits
	// NameThreads gives a new thread a short name, by one more call of its agent
	// beside its first run. Defaults to false.
	NameThreads bool

	// TrustedProxies is how many proxies in front of the runtime each add the address
	// that they were called from to X-Forwarded-For: the client's address is that many
	// entries from its end, since all before it is what the client says. Defaults to 0:
	// the client's address is [http.Request.RemoteAddr].
	TrustedProxies int

	// BasePath is the path that the routes are below, such as "/api/copilotkit";
	// other paths are not found. It begins with a slash. If empty, routes match
	// as suffixes of any path.
	BasePath string
	// SingleRoute takes every request as a POST to BasePath, with a JSON envelope
	// {"method", "params", "body"} that names the endpoint. Defaults to false:
	// each endpoint has a path of its own.
	SingleRoute bool
	// BareRunAgent is the agent that answers, with SingleRoute, a body that has messages
	// and no method: a run's input as AG-UI's own clients send it, without an envelope. If
	// empty, such a request gets 400.
	BareRunAgent string
	// MaxBodyBytes is the size of the largest request body that is read; a larger
	// one gets 413. If zero, defaults to 64 MiB: CopilotKit's chat takes files of 20
	// MB, which are a third larger in JSON, and sends all of a thread's with every
	// run.
	MaxBodyBytes int64
	// MaxConcurrentBodyBytes is how much the bodies of all requests that are being
	// answered may have together; those of up to 64 KiB don't count. A request that
	// would have more gets 503 with Retry-After, unless it is the only one. If zero,
	// defaults to an eighth of the process's memory, since answering takes a few
	// times the size of a body.
	MaxConcurrentBodyBytes int64
	// CORS adds CORS headers to answers and answers preflights. If nil, neither
	// is done.
	CORS *CORS
	// Hooks watch and change requests and answers. Defaults to none.
	Hooks Hooks
	// ForwardHeaders selects the headers of a request that reach the agents, in
	// their contexts. Its zero value is the reference's policy: authorization and x-*,
	// without those that proxies and platforms add. Remote agents are sent the
	// credentials among them only where remote.Config.ForwardAuthorization is set.
	ForwardHeaders HeaderPolicy

	// SupersedeRuns stops the live run of a thread when another one is asked for,
	// and begins that when it has ended. Defaults to false: the other one is
	// refused with 409, unless the live one has been asked to stop, whose end it
	// waits for.
	SupersedeRuns bool
	// CancelOnDisconnect ends a run whose client has gone away as a stop does.
	// Defaults to false: the run goes on and is recorded.
	CancelOnDisconnect bool
	// FailOnStoreFailure ends a run that can't be recorded any more with
	// RUN_ERROR. Defaults to false: it goes on for its client, and what is missing
	// is recorded when the store is back in time.
	FailOnStoreFailure bool
	// LeaseTTL is how long after an instance's death the threads of its runs stay
	// locked. A lease is renewed at a third of it, which is also how long a call
	// of the store may take during a run. If zero, defaults to 15 seconds.
	LeaseTTL time.Duration
	// RunTimeout is how long a run may take; then it is ended as by a deadline of its
	// request's context, DeadlineMargin before the time is over. If zero, there is
	// no limit but the platform's.
	RunTimeout time.Duration
	// DeadlineMargin is how long before the deadline of its request's context a
	// run is ended, so that its end can be sent and recorded; it is never more
	// than half of the time that is left when the run begins. If zero, defaults
	// to 2 seconds.
	DeadlineMargin time.Duration
	// StopGrace is how long an agent may take to return after its context has
	// ended; the run is then closed without it. A client that leaves a stream's
	// bytes unread while the runtime closes has as long. If zero, defaults to 5
	// seconds.
	StopGrace time.Duration

	// Gather is how long the deltas of a run that come in quick succession wait before
	// the store gets them, for those that follow: so they cost fewer of its commands.
	// Whoever follows the run sees them as much later, its own client doesn't; and so
	// much of them is lost when the process is killed. Deltas that are further apart
	// don't wait. If zero, defaults to 25 milliseconds, but for a store in memory, where
	// nothing is gained; a negative value turns it off.
	Gather time.Duration
	// StoreGrace is how long the end of a run is tried to be recorded while the
	// store is away, as far as the request's deadline allows. It succeeds while the
	// run's lease holds. If zero, defaults to LeaseTTL.
	StoreGrace time.Duration
	// MaxRunBytes is how many bytes of events, as JSON, a run may have; one that
	// reaches it is ended with RUN_ERROR, code RUN_TOO_LARGE, and recorded. If zero,
	// defaults to 64 MiB; a negative value turns the limit off.
	MaxRunBytes int64
	// MaxRunEvents is how many events a run may have, likewise. If zero, defaults to
	// 1,000,000; a negative value turns the limit off.
	MaxRunEvents int

	// KeepAlive is how long a stream may be silent before it carries an SSE
	// comment, so that no proxy takes it for dead. If zero, defaults to 15
	// seconds; a negative value turns the comments off.
	KeepAlive time.Duration
	// WriteTimeout is how long a client may leave a stream's bytes unread before
	// its connection is cut. A run doesn't wait for it so long: 1 MiB ahead of its
	// client it waits, and when the client has read nothing for 5 seconds then, it
	// goes on as if the client had left (see CancelOnDisconnect). If zero, defaults
	// to 30 seconds; a negative value turns the limit off.
	WriteTimeout time.Duration

	// Observer is told what the runtime does, for traces and metrics. Its panics are
	// logged, and nothing else. Defaults to none.
	Observer telemetry.Observer
	// Debug logs what runs do, event by event, for those who look for a mistake. Defaults
	// to nothing.
	Debug Debug
	// Development serves the debug events to everybody, lets /threads/clear clear, and puts
	// the text of internal errors into answers. Never set it in production.
	// Defaults to false.
	Development bool
	// FrontEnd answers the requests outside of BasePath, such as those for the files of a
	// front end in the same process: without hooks, Identify and CORS, and without a line in
	// the log. It needs a BasePath other than the root. If nil, they get 404.
	FrontEnd http.Handler
	// Logger receives what clients are not told, and a line for each request and each
	// run. With a handler of [telemetry.LogHandler] lines name their request. If nil,
	// defaults to [slog.Default].
	Logger *slog.Logger
}

// The defaults of what can't be zero.
const (
	defaultMaxBodyBytes   = 64 << 20
	defaultLeaseTTL       = 15 * time.Second
	defaultDeadlineMargin = 2 * time.Second
	defaultStopGrace      = 5 * time.Second
	defaultGather         = 25 * time.Millisecond
	defaultKeepAlive      = 15 * time.Second
	defaultWriteTimeout   = 30 * time.Second
)

// check finds what would fail at the first request.
func (c *Config) check() error {
	if c.AgentsFor == nil && len(c.Agents) == 0 {
		return errors.New("no agents: set Agents or AgentsFor")
	}
	for name, a := range c.Agents {
		if name == "" {
			return errors.New("an agent has an empty name")
		}
		if f, ok := a.(agent.Func); a == nil || ok && f == nil {
			return fmt.Errorf("agent %q is nil", name)
		}
	}
	if slices.Contains(c.Extensions, nil) {
		return errors.New("an extension is nil")
	}
	if c.MaxBodyBytes < 0 {
		return fmt.Errorf("MaxBodyBytes is negative: %d", c.MaxBodyBytes)
	}
	if c.MaxConcurrentBodyBytes < 0 {
		return fmt.Errorf("MaxConcurrentBodyBytes is negative: %d", c.MaxConcurrentBodyBytes)
	}
	if err := c.checkIntelligence(); err != nil {
		return err
	}
	if err := c.Limits.check(c.Store); err != nil {
		return err
	}
	if err := c.ForwardHeaders.Check(); err != nil {
		return fmt.Errorf("ForwardHeaders: %w", err)
	}
	if c.TrustedProxies < 0 {
		return fmt.Errorf("TrustedProxies is negative: %d", c.TrustedProxies)
	}
	for _, limit := range []struct {
		name  string
		value time.Duration
	}{
		{"LeaseTTL", c.LeaseTTL}, {"RunTimeout", c.RunTimeout}, {"DeadlineMargin", c.DeadlineMargin},
		{"StopGrace", c.StopGrace}, {"StoreGrace", c.StoreGrace},
	} {
		if limit.value < 0 {
			return fmt.Errorf("%s is negative: %s", limit.name, limit.value)
		}
	}
	if c.FrontEnd != nil && strings.TrimRight(c.BasePath, "/") == "" {
		return errors.New("FrontEnd is set, and BasePath is the root, which leaves nothing to it")
	}
	return c.CORS.check()
}

// checkIntelligence finds what the platform can't work with.
func (c *Config) checkIntelligence() error {
	switch {
	case c.Intelligence == nil:
		return nil
	case c.Intelligence.Platform == nil:
		return errors.New("the field Intelligence has no Platform")
	case c.Store != nil:
		return errors.New("both Store and Intelligence are set: either keeps the threads")
	case c.Identify == nil:
		return errors.New("the field Intelligence needs Identify: its threads are those of users")
	case c.SupersedeRuns:
		return errors.New("the Intelligence platform doesn't do what SupersedeRuns asks for")
	case c.CancelOnDisconnect:
		return errors.New("CancelOnDisconnect has no effect with Intelligence: a run's client has its answer, and leaves, before the run goes on")
	}
	return nil
}

// withDefaults returns the configuration with every default filled in but that
// of Store. A KeepAlive or WriteTimeout of zero then means none.
func (c Config) withDefaults() Config {
	c.Agents = maps.Clone(c.Agents)
	if c.MaxBodyBytes == 0 {
		c.MaxBodyBytes = defaultMaxBodyBytes
	}
	for _, limit := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&c.LeaseTTL, defaultLeaseTTL},
		{&c.DeadlineMargin, defaultDeadlineMargin},
		{&c.StopGrace, defaultStopGrace},
		{&c.Gather, c.defaultGather()},
		{&c.KeepAlive, defaultKeepAlive},
		{&c.WriteTimeout, defaultWriteTimeout},
	} {
		switch {
		case *limit.value == 0:
			*limit.value = limit.fallback
		case *limit.value < 0:
			*limit.value = 0
		}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Observer = telemetry.Guarded(c.Observer, c.Logger)
	return c
}

// defaultGather returns the default of Gather.
func (c *Config) defaultGather() time.Duration {
	switch c.Store.(type) {
	case nil, *memory.Store:
		return 0
	}
	return defaultGather
}

// runnerOptions returns what the configuration says about runs.
func (c *Config) runnerOptions() runner.Options {
	return runner.Options{
		SupersedeRuns:      c.SupersedeRuns,
		CancelOnDisconnect: c.CancelOnDisconnect,
		FailOnStoreFailure: c.FailOnStoreFailure,
		LeaseTTL:           c.LeaseTTL,
		DeadlineMargin:     c.DeadlineMargin,
		StopGrace:          c.StopGrace,
		Gather:             c.Gather,
		StoreGrace:         c.StoreGrace,
		MaxRunBytes:        c.MaxRunBytes,
		MaxRunEvents:       c.MaxRunEvents,
		Development:        c.Development,
		Logger:             c.Logger,
	}
}

// normalizeBase returns the base path in its escaped form without a trailing
// slash: "" for the root and for none, which match alike.
func normalizeBase(base string) (string, error) {
	if base == "" {
		return "", nil
	}
	if !strings.HasPrefix(base, "/") {
		return "", fmt.Errorf("base path %q doesn't begin with a slash", base)
	}
	if strings.ContainsAny(base, "?#") {
		return "", fmt.Errorf("base path %q is not a path alone", base)
	}
	unescaped, err := url.PathUnescape(base)
	if err != nil {
		return "", fmt.Errorf("base path %q: %w", base, err)
	}
	escaped := (&url.URL{Path: unescaped, RawPath: base}).EscapedPath()
	return strings.TrimRight(escaped, "/"), nil
}
