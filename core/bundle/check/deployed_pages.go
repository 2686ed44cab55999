package check

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const corsVariable = "COPILOTKIT_CORS_ORIGINS"

// pages finds out whether pages of the origin may call.
func (v *visit) pages(ctx context.Context) (string, bool) {
	origin := v.deployment.Origin
	parsed, err := url.Parse(origin)
	if err != nil || parsed.Host == "" || parsed.Scheme+"://"+parsed.Host != origin {
		v.problem(MistakeCORS, "", fmt.Sprintf("%q is not an origin", origin), "", "Give it as a browser has it: https://app.example.com, without a slash at its end.")
		return "not an origin", false
	}
	if parsed.Scheme == v.address.Scheme && parsed.Host == v.address.Host {
		v.does("web pages", "those of its own origin, which need no CORS")
		return "they are of its own origin", true
	}
	target := v.base + "/agent/" + url.PathEscape(v.agent()) + "/run"
	if v.single {
		target = v.base
	}
	preflight, err := v.ask(ctx, http.MethodOptions, target, "", http.Header{
		"Origin": {origin}, "Access-Control-Request-Method": {http.MethodPost}, "Access-Control-Request-Headers": {"authorization,content-type"},
	})
	if err == nil {
		err = v.allows(preflight, origin, true)
	}
	if err == nil {
		var answer reply
		if answer, err = v.ask(ctx, http.MethodGet, v.base+"/info", "", http.Header{"Origin": {origin}}); err == nil {
			err = v.allows(answer, origin, false)
		}
	}
	if err == nil {
		v.does("web pages", "those of "+origin+" may call")
		return "they may call", true
	}
	v.problem(MistakeCORS, corsVariable, fmt.Sprintf("pages of %s can't call: %v", origin, err), "Their browsers show a CORS error, or \"Failed to fetch\", and no status.",
		"Add the origin to COPILOTKIT_CORS_ORIGINS. If it is there, look at what a proxy or the platform adds to, or answers in the place of, the runtime: "+
			"let one of them alone set CORS headers.")
	return "they can't call", false
}

// allows returns why an answer doesn't let pages of an origin call, nil if it does.
func (v *visit) allows(answer reply, origin string, preflight bool) error {
	what := "the answer"
	if preflight {
		what = "the answer to the preflight"
	}
	allowed := answer.header.Values("Access-Control-Allow-Origin")
	headers := strings.ToLower(strings.Join(answer.header.Values("Access-Control-Allow-Headers"), ","))
	switch {
	case preflight && (answer.status < 200 || answer.status > 299):
		return fmt.Errorf("%s has status %d, and a browser wants 200 or 204", what, answer.status)
	case len(allowed) == 0:
		return fmt.Errorf("%s has no Access-Control-Allow-Origin", what)
	case len(allowed) > 1 || strings.Contains(allowed[0], ","):
		return fmt.Errorf("%s has Access-Control-Allow-Origin twice, of which browsers take neither", what)
	case allowed[0] != "*" && allowed[0] != origin:
		return fmt.Errorf("%s allows %s alone", what, allowed[0])
	case preflight && !strings.Contains(headers, "content-type") && !strings.Contains(headers, "*"):
		return fmt.Errorf("%s doesn't allow the header Content-Type", what)
	case preflight && !strings.Contains(headers, "authorization"):
		v.warn(MistakeCORS, corsVariable, "the preflight doesn't allow the header Authorization", "Pages can't send tokens.", "Let the runtime answer preflights.")
	}
	return nil
}

// agent returns the agent that front ends use.
func (v *visit) agent() string {
	if len(v.agents) == 0 || slices.Contains(v.agents, "default") {
		return "default"
	}
	return v.agents[0]
}
