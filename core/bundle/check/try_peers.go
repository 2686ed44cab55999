package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/access/oidc"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// issuer asks the issuer of tokens for its keys, and what time it has.
func (t trier) issuer(ctx context.Context) (string, bool) {
	const variable = "COPILOTKIT_OIDC_ISSUER"
	address, err := url.Parse(t.settings.OIDCIssuer)
	if err != nil {
		return "no address", false // unreachable: it was checked
	}
	transport := outbound.NewTransport(address)
	defer transport.CloseIdleConnections()
	dates := &dated{next: transport}
	keys, err := oidc.Ask(ctx, t.settings.OIDCIssuer, &http.Client{Transport: dates})
	skewed := t.clock(dates.skew, "the issuer of tokens", "Tokens are rejected as expired, or as not valid yet.")
	switch text := fmt.Sprint(err); {
	case err == nil:
		return fmt.Sprintf("it has %d keys", keys), !skewed
	case strings.Contains(text, "calls itself"):
		t.problem("issuer", variable, "the issuer has another name than the one that is set", text, "Set it to that name, exactly: a slash at its end counts.")
		return "it calls itself something else", false
	case strings.Contains(text, "404"):
		t.problem("issuer", variable, "there is no issuer at the address", text, "Set it to the issuer's address, to which /.well-known/openid-configuration is added.")
		return "there is no issuer", false
	}
	t.network(ctx, "issuer", variable, "the issuer of tokens", err)
	return "no keys", false
}

// tolerated is how far clocks may be apart before tokens of a runtime are refused, and
// noticed from when on it is worth a word.
const tolerated, noticed = time.Minute, 20 * time.Second

// clock adds a finding if another's clock isn't this machine's, and reports whether it is so
// far off that something fails.
func (r *Report) clock(skew time.Duration, peer, why string) bool {
	apart, direction := skew, "ahead of"
	if skew < 0 {
		apart, direction = -skew, "behind"
	}
	const do = "Let both set their clocks by NTP; in a virtual machine that was paused, set it again."
	what := fmt.Sprintf("the clock of %s is %s %s this machine's", peer, apart.Round(time.Second), direction)
	switch {
	case apart >= tolerated:
		r.problem(MistakeClock, "", what, why, do)
		return true
	case apart >= noticed:
		r.warn(MistakeClock, "", what, "From a minute on: "+strings.ToLower(why[:1])+why[1:], do)
	}
	return false
}

// dated is a transport that notes how far the clock of whoever answers is ahead. It is for
// requests that follow each other.
type dated struct {
	next http.RoundTripper
	skew time.Duration
}

func (d *dated) RoundTrip(request *http.Request) (*http.Response, error) {
	sent := time.Now()
	response, err := d.next.RoundTrip(request)
	if err == nil {
		d.note(response, sent)
	}
	return response, err
}

// note compares the date of an answer, which is in whole seconds, with the time between the
// request and the answer.
func (d *dated) note(response *http.Response, sent time.Time) {
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil || response.Header.Get("Age") != "" { // which a cache has added to an old answer
		return
	}
	switch came := time.Now(); {
	case date.Add(time.Second).Before(sent):
		d.skew = date.Sub(sent)
	case date.After(came):
		d.skew = date.Sub(came)
	default:
		d.skew = 0
	}
}

// agent asks for the address of a remote agent, without beginning a run.
func (t trier) agent(ctx context.Context, name string) (string, bool) {
	const variable = "COPILOTKIT_AGENTS"
	upstream := t.settings.Agents[name]
	address, err := url.Parse(upstream.URL.Reveal())
	if err != nil {
		return "no address", false // unreachable: it was checked
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return "no address", false // likewise
	}
	for header, value := range upstream.Headers {
		request.Header.Set(header, value.Reveal())
	}
	transport := outbound.NewTransport(address)
	defer transport.CloseIdleConnections()
	client := outbound.Guard(&http.Client{Transport: transport})
	response, err := client.Do(request)
	if err != nil {
		t.network(ctx, "agent", variable, "the agent "+name, err)
		return "it isn't reached", false
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, 1<<10)
	answer := fmt.Sprintf("it answers GET with %d", response.StatusCode)
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		t.problem("agent", variable, fmt.Sprintf("the agent %s refuses the request with %d", name, status), "",
			"Give it the headers that it wants: {\"name\":{\"url\":\"…\",\"headers\":{\"Authorization\":\"Bearer …\"}}}.")
		return answer, false
	case status == http.StatusNotFound:
		t.warn("agent", variable, fmt.Sprintf("there is nothing at the path of the agent %s, or for POST alone", name), "Some servers answer a GET so where a POST is right.",
			"Compare the path with the agent's documentation.")
	case status >= http.StatusInternalServerError:
		t.problem("agent", variable, fmt.Sprintf("the agent %s fails: it answers with %d", name, status), "", "Look into its log.")
		return answer, false
	case strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") && status == http.StatusOK:
		t.warn("agent", variable, fmt.Sprintf("at the address of the agent %s is a web page", name), "", "Set the address that takes runs by POST.")
	}
	return answer, true
}

// tools lists the tools of an MCP server.
func (t trier) tools(ctx context.Context, variable, name string, upstream bundle.Upstream) (text string, ok bool) {
	server, err := bundle.MCPServerAt(t.settings, name, upstream, t.options...)
	if err != nil {
		t.problem("mcp", variable, err.Error(), "", "")
		return "it can't be made", false
	}
	tools, err := server.Tools(ctx)
	if err = errors.Join(err, server.Close()); err != nil {
		if unauthorized := strings.Contains(err.Error(), "Unauthorized") || strings.Contains(err.Error(), "401"); unauthorized {
			t.problem("mcp", variable, "the MCP server "+name+" refuses the request", err.Error(), "Give it headers, or oauth, with what it wants.")
			return "it refuses", false
		}
		t.network(ctx, "mcp", variable, "the MCP server "+name, err)
		return "no tools", false
	}
	if len(tools) == 0 {
		t.warn("mcp", variable, "the MCP server "+name+" has no tools", "", "")
	}
	var names []string
	for _, tool := range tools[:min(len(tools), 10)] {
		names = append(names, tool.Name)
	}
	text = fmt.Sprintf("%d tools: %s", len(tools), strings.Join(names, ", "))
	if len(tools) > len(names) {
		text += ", …"
	}
	return text, true
}
