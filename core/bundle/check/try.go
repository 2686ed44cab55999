package check

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// attempt is something to try. It returns what came of it, and whether that is fine;
// if it isn't, it has added a finding.
type attempt struct {
	name string
	do   func(ctx context.Context) (text string, ok bool)
}

// try tries, side by side, what the settings need of others.
func (c Config) try(ctx context.Context, r *Report, settings *bundle.Settings) {
	t := trier{r, settings, slices.Concat(c.Options, []bundle.Option{
		bundle.WithLogger(slog.New(slog.DiscardHandler)),
		bundle.WithTimeouts(bundle.Timeouts{ModelHeader: c.Limit, ModelIdle: c.Limit, MCPConnect: c.Limit, MCPCall: c.Limit}),
	})}
	attempts := t.models()
	if settings.Store.Scheme() != "" {
		attempts = append(attempts, attempt{"the store", t.store})
	}
	if settings.Auth == bundle.AuthOIDC {
		attempts = append(attempts, attempt{"the issuer of tokens", t.issuer})
	}
	for _, name := range slices.Sorted(maps.Keys(settings.Agents)) {
		attempts = append(attempts, attempt{"agent " + name, func(ctx context.Context) (string, bool) { return t.agent(ctx, name) }})
	}
	for _, kind := range []struct {
		variable string
		servers  map[string]bundle.Upstream
	}{{"COPILOTKIT_MCP_SERVERS", settings.MCPServers}, {"COPILOTKIT_MCP_APPS", settings.MCPApps}} {
		for _, name := range slices.Sorted(maps.Keys(kind.servers)) {
			attempts = append(attempts, attempt{"MCP server " + name, func(ctx context.Context) (string, bool) {
				return t.tools(ctx, kind.variable, name, kind.servers[name])
			}})
		}
	}
	r.run(ctx, c.Limit, attempts)
}

// run makes attempts side by side, each with a limit, and adds their trials in order.
func (r *Report) run(ctx context.Context, limit time.Duration, attempts []attempt) {
	trials := make([]Trial, len(attempts))
	var all sync.WaitGroup
	for i, attempt := range attempts {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			begun := time.Now()
			text, ok := attempt.do(ctx)
			trials[i] = Trial{r.shown.text(attempt.name), ok, r.shown.text(text), time.Since(begun).Round(time.Millisecond).Seconds()}
		})
	}
	all.Wait()
	r.Trials = append(r.Trials, trials...)
}

// trier tries what settings name.
type trier struct {
	*Report
	settings *bundle.Settings
	options  []bundle.Option
}

// network adds a finding of a peer that wasn't reached, or didn't answer as it should.
func (t trier) network(ctx context.Context, code, variable, peer string, err error) {
	what, why, do := explainNetwork(ctx, peer, err)
	t.problem(code, variable, what, why, do)
}

// explainNetwork says what is known of a failure to reach a peer.
func explainNetwork(ctx context.Context, peer string, err error) (what, why, do string) {
	text := err.Error()
	has := func(part string) bool { return strings.Contains(text, part) }
	switch {
	case has("no such host"):
		return peer + " isn't reached: nobody knows the name of its host", text, "Correct the address, or let this network resolve it."
	case has("connection refused"):
		return peer + " isn't reached: nothing listens at its port", text, "Start it, or correct the address and port."
	case has("certificate"):
		return peer + " isn't reached: its certificate isn't trusted", text, "Correct the host's name, or let this machine trust who has signed it."
	case has("HTTP response to HTTPS"), has("first record does not look like a TLS"):
		return peer + " isn't reached: it speaks without TLS", text, "Begin its address without the s of https or rediss, if nobody between can listen."
	case has("address not allowed"):
		return peer + " isn't asked: its name leads to an address at which clouds keep credentials", text, "Correct the address."
	case has("redirect not followed"):
		return peer + " redirects to somewhere else, which isn't followed", text, "Set the address at which it is in the end."
	case ctx.Err() != nil || has("deadline exceeded") || has("Timeout") || has("in time"):
		return peer + " gave no answer in time", text, "Look for a firewall, a security group or a proxy between, and whether it is up."
	}
	return fmt.Sprintf("%s fails: %v", peer, err), "", ""
}
