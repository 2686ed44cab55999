package check

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// explain adds a finding for an answer to /info that isn't a runtime's, and returns it in a
// few words.
func (v *visit) explain(ctx context.Context, answer reply) string {
	code, text := answer.failure()
	page := strings.HasPrefix(answer.header.Get("Content-Type"), "text/html") || bytes.HasPrefix(bytes.TrimSpace(answer.body), []byte("<"))
	switch status := answer.status; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return v.explainRefusal(answer, code)
	case status == http.StatusInternalServerError && code == "internal_error":
		v.problem("not-built", "", "the runtime can't be built from its environment", "It answers 500 to everything.",
			"Look into its log, whose line names the variable, or run copilotkit check with its environment.")
		return "it isn't built"
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed || page && status == http.StatusOK:
		if elsewhere := v.find(ctx); elsewhere != "" {
			return v.explainPath(elsewhere)
		}
		if code == "path_without_base_path" {
			v.problem(MistakeBasePath, "COPILOTKIT_BASE_PATH", "the runtime is there, and gets paths without its base path",
				"A router or proxy in front takes it off, or the address lacks it.", behindRouter)
			return "the base path is taken off on the way"
		}
		if page {
			v.problem(MistakeBasePath, "", "a web page answers, not the runtime", "Servers of single-page apps answer every path with the app.",
				"Correct the path, or let the server pass it on to the runtime.")
			return "a web page answers"
		}
		v.problem(MistakeBasePath, "COPILOTKIT_BASE_PATH", fmt.Sprintf("there is no runtime at this path: %d %s", status, text), "",
			"Compare the address with COPILOTKIT_BASE_PATH, which is /api/copilotkit by default.")
		return "no runtime at this path"
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		v.problem("redirect", "", fmt.Sprintf("it redirects (%d)", status), "Preflights don't follow redirects.", "Set the address at which it is in the end.")
		return "it redirects"
	}
	v.problem("answer", "", fmt.Sprintf("the answer to /info is no runtime's: %d %s", answer.status, text), "", "Look into the log of what answers.")
	return "no runtime answers"
}

const behindRouter = "Set COPILOTKIT_BASE_PATH to what a router or proxy leaves of the path, / if nothing is left, or let it pass the path on as it is."

// explainPath adds what is to be said of a runtime that is at another path.
func (v *visit) explainPath(elsewhere string) string {
	what := "the runtime isn't at this path, but at " + elsewhere + " of the same host"
	if path := strings.TrimRight(v.address.EscapedPath(), "/"); elsewhere == path+path {
		v.problem(MistakeBasePath, "COPILOTKIT_BASE_PATH", what+": the base path is there twice",
			"A router or proxy in front takes it off, and the runtime expects it again; or the variable has it twice.", behindRouter)
		return "it has the base path twice"
	}
	v.problem(MistakeBasePath, "COPILOTKIT_BASE_PATH", what, "", "Correct runtimeUrl, or COPILOTKIT_BASE_PATH. "+behindRouter)
	return "it is at another path"
}

// explainRefusal adds what is to be said of an answer of 401 or 403.
func (v *visit) explainRefusal(answer reply, code string) string {
	switch {
	case v.deployment.Token != "":
		v.problem(MistakeNoAuth, "", fmt.Sprintf("the token is refused: %d", answer.status),
			"It has expired, or is for another audience, or a clock is wrong; the deployment's log has the reason.", "Get a new one, and compare its aud and iss with COPILOTKIT_OIDC_AUDIENCE and _ISSUER.")
		return "the token is refused"
	case code == "unauthorized":
		v.does("who may call", "who has a token")
		v.warn("signed-in", "", "it wants a token, without which no more can be seen", "That is as it should be.", "Give one with --token-from FILE to see more.")
		return "it wants a token"
	}
	v.problem(MistakeNoAuth, "", fmt.Sprintf("something in front refuses the request: %d", answer.status),
		"The answer isn't the runtime's: a platform's own access control, or a firewall.", "Let front ends through, and let the runtime decide by COPILOTKIT_AUTH.")
	return "something in front refuses"
}

// find looks for the runtime at other paths of the same host, and returns the path, "" if it
// is at none.
func (v *visit) find(ctx context.Context) string {
	site := v.address.Scheme + "://" + v.address.Host
	segments := slices.DeleteFunc(strings.Split(v.address.EscapedPath(), "/"), func(s string) bool { return s == "" })
	join := func(segments []string) string { return "/" + strings.Join(segments, "/") }
	tries := []string{"/api/copilotkit", join(append(slices.Clone(segments), "api", "copilotkit")), "/"}
	if n := len(segments); n > 0 {
		tries = append(tries, join(segments[:n-1]), join(segments[1:]), join(slices.Concat(segments, segments)))
		if n%2 == 0 {
			tries = append(tries, join(segments[:n/2]))
		}
	}
	var tried []string
	for _, path := range tries {
		if path == join(segments) || slices.Contains(tried, path) {
			continue
		}
		tried = append(tried, path)
		address := site + strings.TrimRight(path, "/")
		if answer, err := v.ask(ctx, http.MethodGet, address+"/info", "", nil); err == nil {
			if _, ok := answer.info(); ok {
				return path
			}
		}
		if answer, err := v.ask(ctx, http.MethodPost, address, infoEnvelope, nil); err == nil {
			if _, ok := answer.info(); ok {
				return path
			}
		}
	}
	return ""
}
