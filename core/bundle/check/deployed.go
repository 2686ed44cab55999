package check

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// Deployment says which deployment is to be looked at, and how.
type Deployment struct {
	// URL is what front ends have as runtimeUrl.
	URL string
	// Origin is that of a web page that calls it, empty to leave CORS out.
	Origin string
	// Endpoint is the kind of endpoint that is expected: "multi-route" or
	// "single-route", empty for either.
	Endpoint string
	// Token is sent as a bearer token, if it isn't empty.
	Token string
	// Run begins a run, and measures how its events come. It costs what a short answer of
	// the default agent's model costs.
	Run bool
	// Limit is how long each request may take. If zero, defaults to 10 seconds; a run may
	// take a minute.
	Limit time.Duration
}

// Deployed returns what a deployment answers, and what is wrong with that for a front end.
// Redirects to other hosts aren't followed.
func Deployed(ctx context.Context, d Deployment) *Report {
	var shown shown
	shown.hide(d.Token)
	shown.hideAddress(d.URL, false)
	r := newReport("the deployment at "+host(d.URL), shown)
	defer r.sort()
	address, err := outbound.ParseURL(d.URL)
	if err != nil {
		r.problem("url", "", "the address "+err.Error(), "", "Give what front ends have as runtimeUrl, such as https://example.com/api/copilotkit.")
		return r
	}
	transport := outbound.NewTransport(address)
	defer transport.CloseIdleConnections()
	v := &visit{
		Report: r, deployment: d, address: address, dates: &dated{next: transport},
		base: strings.TrimRight(address.Scheme+"://"+address.Host+address.EscapedPath(), "/"),
	}
	jar, _ := cookiejar.New(nil) // without options nothing fails
	v.client = outbound.Guard(&http.Client{Transport: v.dates, Jar: jar})
	v.deployment.Limit = cmp.Or(d.Limit, defaultLimit)
	r.run(ctx, 4*v.deployment.Limit, []attempt{{"routes", v.routes}})
	if !v.found {
		return r
	}
	if d.Origin != "" {
		r.run(ctx, 2*v.deployment.Limit, []attempt{{"pages of " + d.Origin, v.pages}})
	}
	if d.Run {
		r.run(ctx, runLimit, []attempt{{"a run", v.stream}})
	}
	return r
}

// visit is one look at a deployment.
type visit struct {
	*Report
	deployment Deployment
	address    *url.URL
	// base is the address without a slash at its end.
	base   string
	client *http.Client
	dates  *dated
	// found is set when the runtime has answered, and the rest is what it has said.
	found, single bool
	agents        []string
}

// reply is an answer, with the beginning of its body.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// maxReply is how much of an answer is read, in bytes.
const maxReply = 1 << 20

// ask sends a request with a body of JSON, if there is one.
func (v *visit) ask(ctx context.Context, method, address, body string, header http.Header) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, v.deployment.Limit)
	defer cancel()
	request, err := v.request(ctx, method, address, body, header)
	if err != nil {
		return reply{}, err
	}
	response, err := v.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	return reply{response.StatusCode, response.Header, data}, err
}

func (v *visit) request(ctx context.Context, method, address, body string, header http.Header) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, err
	}
	maps.Copy(request.Header, header)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if v.deployment.Token != "" && method != http.MethodOptions {
		request.Header.Set("Authorization", "Bearer "+v.deployment.Token)
	}
	request.Header.Set("User-Agent", "copilotkit-check")
	return request, nil
}

// info is what of an answer to /info is looked at.
type info struct {
	Version   string                     `json:"version"`
	Agents    map[string]json.RawMessage `json:"agents"`
	Telemetry *bool                      `json:"telemetryDisabled"`
}

// info returns what a runtime says of itself, and whether the answer is one's.
func (a reply) info() (i info, ok bool) {
	err := json.Unmarshal(a.body, &i)
	return i, a.status == http.StatusOK && err == nil && i.Version != "" && i.Agents != nil
}

// failure returns the code and the text of an error that a runtime has answered with.
func (a reply) failure() (code, text string) {
	var body struct {
		Error, Code, Message string
	}
	_ = json.Unmarshal(a.body, &body) // what isn't JSON has none
	return cmp.Or(body.Code, body.Error), cmp.Or(body.Message, body.Error)
}

const infoEnvelope = `{"method":"info"}`

// routes finds out whether and how the runtime answers.
func (v *visit) routes(ctx context.Context) (string, bool) {
	if v.address.Scheme == "http" && isPublic(v.address.Hostname()) {
		v.warn("plain-http", "", "the address has no https://", "Whoever is between reads what users write, and can change it.", "Serve it with TLS.")
	}
	multi, err := v.ask(ctx, http.MethodGet, v.base+"/info", "", nil)
	if err != nil {
		what, why, do := explainNetwork(ctx, "the deployment", err)
		v.problem("network", "", what, why, do)
		return "no answer", false
	}
	skewed := v.clock(v.dates.skew, "the deployment", "Tokens are rejected there as expired, or as not valid yet, and signed requests to a cloud's services are.")
	found, ok := multi.info()
	answer := multi
	if !ok {
		single, err := v.ask(ctx, http.MethodPost, v.base, infoEnvelope, nil)
		if found, ok = single.info(); ok && err == nil {
			answer, v.single = single, true
		}
	}
	if !ok {
		return v.explain(ctx, multi), false
	}
	v.found, v.agents = true, slices.Sorted(maps.Keys(found.Agents))
	v.describe(found, answer)
	text, fine := v.endpoint()
	return text, fine && !skewed
}

// describe adds what the runtime says of itself.
func (v *visit) describe(found info, answer reply) {
	kind := "this runtime"
	if answer.header.Get(telemetry.RequestIDHeader) == "" || found.Telemetry == nil {
		kind = "a CopilotKit runtime, but not this one"
		v.warn("other-runtime", "", "the runtime that answers isn't this one", "CopilotKit's own for Node.js answers so, and one behind a proxy that takes "+
			telemetry.RequestIDHeader+" away.", "Compare what the address leads to.")
	}
	v.does("runtime", kind, "which speaks as version "+found.Version+" of the reference does")
	v.does("agents", v.agents...)
	switch {
	case v.deployment.Token != "":
		v.does("who may call", "who has the token, at least")
	case isThisMachine(v.deployment.URL):
		v.does("who may call", "everybody on this machine")
	default:
		v.does("who may call", "everybody, without signing in")
		v.warn(MistakeNoAuth, "COPILOTKIT_AUTH", "it answers without a token", "With none, strangers spend your tokens; with session that is meant.",
			"Look at COPILOTKIT_AUTH of the deployment.")
	}
	if segments := strings.Split(strings.Trim(v.address.Path, "/"), "/"); len(segments)%2 == 0 &&
		slices.Equal(segments[:len(segments)/2], segments[len(segments)/2:]) {
		v.warn(MistakeBasePath, "", "the address has the same path twice", "This runtime finds a route by the path's end, others don't.", "Have it once in runtimeUrl.")
	}
}

// endpoint compares the kind of endpoint with the one that is expected.
func (v *visit) endpoint() (string, bool) {
	kind := "multi-route"
	if v.single {
		kind = "single-route"
	}
	text := "it is " + kind
	if v.single {
		text += ": front ends must set useSingleEndpoint"
	}
	v.does("endpoint", text)
	if want := v.deployment.Endpoint; want == "" || want == kind {
		return text, true
	}
	do := "Set useSingleEndpoint in the front end's provider, or COPILOTKIT_ENDPOINT=multi-route for the runtime."
	if !v.single {
		do = "Leave useSingleEndpoint out of the front end's provider, or set COPILOTKIT_ENDPOINT=single-route for the runtime."
	}
	v.problem(MistakeEndpoint, "COPILOTKIT_ENDPOINT", fmt.Sprintf("the runtime is %s, and the front end expects %s", kind, v.deployment.Endpoint),
		"Its requests are answered with 404 or 405.", do)
	return text, false
}
