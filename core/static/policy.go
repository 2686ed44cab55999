package static

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// DefaultPolicy is the Content-Security-Policy that CopilotKit's own UI works under, with the
// runtime at the same origin:
//
//   - scripts are the app's own files. Nothing that a model or a tool answers can run, wherever
//     it comes to stand in the page;
//   - styles may also be in line, since the UI's components and its Markdown renderer set them so;
//   - images, fonts and sound may also be data: and blob:, for attachments and recordings. They may
//     not be at other sites: a model that was talked into it could tell them what it knows, in an
//     image's address;
//   - requests go to the app's own origin;
//   - workers may be blob:, in which libraries wrap their scripts;
//   - pages of other origins can't have the app in a frame.
const DefaultPolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
	"font-src 'self' data:; media-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; " +
	"base-uri 'self'; form-action 'self'; frame-ancestors 'self'"

// DrawingPolicy is what MCP Apps and pages that a model writes need beyond [DefaultPolicy].
// CopilotKit shows them in frames whose documents are made in the browser, and such documents are
// under their page's policy. So their scripts, which are in line, can only run if those of the page
// may be in line too: then the policy no longer stops a script that gets into the page.
const DrawingPolicy = "script-src 'self' 'unsafe-inline'"

// MergePolicy returns a policy with the directives of another in the place of its own of the
// same names. It returns an error if one of the two is malformed, or has a directive or a
// keyword that doesn't exist, or one without its quotes.
func MergePolicy(policy, other string) (string, error) {
	merged, err := parsePolicy(policy)
	if err != nil {
		return "", err
	}
	changes, err := parsePolicy(other)
	if err != nil {
		return "", err
	}
	for _, change := range changes {
		if i := slices.IndexFunc(merged, change.sameName); i >= 0 {
			merged[i] = change
		} else {
			merged = append(merged, change)
		}
	}
	return merged.String(), nil
}

// directives are those of a policy, in its order.
type directives []directive

type directive struct {
	name    string
	sources []string
}

func (d directive) sameName(other directive) bool { return d.name == other.name }

func (d directives) String() string {
	var parts []string
	for _, one := range d {
		parts = append(parts, strings.Join(append([]string{one.name}, one.sources...), " "))
	}
	return strings.Join(parts, "; ")
}

// parsePolicy parses a policy. It refuses what a browser would ignore: a misspelt directive or
// source, or a second directive of the same name.
func parsePolicy(policy string) (directives, error) {
	var parsed directives
	if strings.ContainsFunc(policy, func(c rune) bool { return c < ' ' || c > '~' || c == ',' }) {
		return nil, errors.New("a policy is ASCII on one line, without commas")
	}
	for part := range strings.SplitSeq(policy, ";") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		one := directive{strings.ToLower(words[0]), words[1:]}
		if !slices.Contains(directiveNames, one.name) {
			return nil, fmt.Errorf("there is no directive %q", one.name)
		}
		if slices.ContainsFunc(parsed, one.sameName) {
			return nil, fmt.Errorf("%s is there twice", one.name)
		}
		if err := one.checkSources(); err != nil {
			return nil, err
		}
		parsed = append(parsed, one)
	}
	return parsed, nil
}

// directiveNames are those of Content Security Policy, level 3, and of the specifications that
// add to it.
var directiveNames = []string{
	"base-uri", "block-all-mixed-content", "child-src", "connect-src", "default-src", "fenced-frame-src", "font-src", "form-action",
	"frame-ancestors", "frame-src", "img-src", "manifest-src", "media-src", "object-src", "report-to", "report-uri",
	"require-trusted-types-for", "sandbox", "script-src", "script-src-attr", "script-src-elem", "style-src", "style-src-attr",
	"style-src-elem", "trusted-types", "upgrade-insecure-requests", "webrtc", "worker-src",
}

// withScripts returns a policy that allows the scripts of these sources too. It is left as it is
// if it allows all scripts in line, since a digest beside that would take it back, or if it says
// nothing of scripts.
func withScripts(policy, sources string) string {
	if sources == "" {
		return policy
	}
	parsed, err := parsePolicy(policy)
	if err != nil {
		return policy // unreachable: New has parsed it
	}
	for i, one := range parsed {
		if (one.name == "script-src" || one.name == "script-src-elem") && !slices.Contains(one.sources, "'unsafe-inline'") {
			parsed[i].sources = append(slices.DeleteFunc(one.sources, func(source string) bool { return source == "'none'" }), sources)
		}
	}
	return parsed.String()
}
