package managed

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/copilotkit-go/runtime/core/intelligence"
)

// inspectorTimeout is how long the inspector's call may take.
const inspectorTimeout = 5 * time.Second

// InspectorMetadata implements [intelligence.Platform]. Of what the platform says it
// returns what is of the first version of its schema, each part that is right.
func (p *Platform) InspectorMetadata(ctx context.Context) (json.RawMessage, error) {
	c := call{
		name: "get inspector metadata", method: http.MethodGet, path: "/api/inspector/metadata", bare: true, timeout: inspectorTimeout,
	}
	answer, err := p.do(ctx, c)
	if hasStatus(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil || len(answer) == 0 {
		return nil, err
	}
	var parts struct {
		SchemaVersion                          json.RawMessage
		Identity, Plan, License, Action, Usage json.RawMessage
	}
	if json.Unmarshal(answer, &parts) != nil {
		return nil, &intelligence.Error{Call: c.name, Err: errAnswer}
	}
	if version, ok := integer(parts.SchemaVersion); !ok || version != 1 {
		return nil, nil
	}
	encoded, _ := json.Marshal(metadata{ // strings and numbers can be encoded
		SchemaVersion: 1,
		Identity:      parseIdentity(parts.Identity),
		Plan:          parsePlan(parts.Plan),
		License:       parseLicense(parts.License),
		Action:        parseAction(parts.Action),
		Usage:         parseUsage(parts.Usage),
	})
	return encoded, nil
}

// metadata is what the inspector shows. A part that is nil isn't known.
type metadata struct {
	SchemaVersion int       `json:"schemaVersion"`
	Identity      *identity `json:"identity,omitempty"`
	Plan          *plan     `json:"plan,omitempty"`
	License       *license  `json:"license,omitempty"`
	Action        *action   `json:"action,omitempty"`
	Usage         *usage    `json:"usage,omitempty"`
}

type identity struct {
	OrganizationName string `json:"organizationName"`
	ProjectName      string `json:"projectName"`
}

func parseIdentity(raw json.RawMessage) *identity {
	var part identity
	if json.Unmarshal(raw, &part) != nil || !trimmed(&part.OrganizationName, &part.ProjectName) {
		return nil
	}
	return &part
}

type plan struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

func parsePlan(raw json.RawMessage) *plan {
	var part plan
	if json.Unmarshal(raw, &part) != nil || !trimmed(&part.Code, &part.Label) {
		return nil
	}
	return &part
}

type license struct {
	State string `json:"state"`
}

func parseLicense(raw json.RawMessage) *license {
	var part license
	if json.Unmarshal(raw, &part) != nil {
		return nil
	}
	switch part.State {
	case "valid", "none", "expired", "unknown":
		return &part
	}
	return nil
}

type action struct {
	Kind string `json:"kind"`
	URL  string `json:"url"`
}

func parseAction(raw json.RawMessage) *action {
	var part action
	if json.Unmarshal(raw, &part) != nil || !trimmed(&part.URL) || !followable(part.URL) {
		return nil
	}
	switch part.Kind {
	case "manage_plan", "renew", "enable_intelligence":
		return &part
	}
	return nil
}

// followable reports whether a page may link to an address: with HTTPS, or on the
// developer's own machine, and without anything in it that could be a secret.
func followable(address string) bool {
	if strings.ContainsAny(address, "?#") {
		return false
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Hostname() == "" || parsed.User != nil {
		return false
	}
	if port := parsed.Port(); port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
	}
	switch parsed.Scheme {
	case "https":
		return true
	case "http":
		host := strings.ToLower(parsed.Hostname())
		return host == "localhost" || host == "127.0.0.1" || host == "::1"
	}
	return false
}

type usage struct {
	Used              int64      `json:"used"`
	Limit             usageLimit `json:"limit"`
	ExpiringSoonCount *int64     `json:"expiringSoonCount,omitempty"`
}

type usageLimit struct {
	Kind  string `json:"kind"`
	Value *int64 `json:"value,omitempty"`
}

func parseUsage(raw json.RawMessage) *usage {
	var part struct {
		Used, ExpiringSoonCount json.RawMessage
		Limit                   struct {
			Kind  string
			Value json.RawMessage
		}
	}
	if json.Unmarshal(raw, &part) != nil {
		return nil
	}
	used, ok := integer(part.Used)
	if !ok {
		return nil
	}
	parsed := &usage{Used: used, Limit: usageLimit{Kind: part.Limit.Kind}}
	switch part.Limit.Kind {
	case "finite":
		limit, ok := integer(part.Limit.Value)
		if !ok || limit < 1 {
			return nil
		}
		parsed.Limit.Value = &limit
	case "unlimited", "unknown":
	default:
		return nil
	}
	if soon, ok := integer(part.ExpiringSoonCount); ok {
		parsed.ExpiringSoonCount = &soon
	}
	return parsed
}

// integer returns a number that is an integer, which JavaScript can hold, and not less than
// zero.
func integer(raw json.RawMessage) (int64, bool) {
	var number float64
	if len(raw) == 0 || string(raw) == "null" || json.Unmarshal(raw, &number) != nil {
		return 0, false
	}
	whole := int64(number)
	return whole, float64(whole) == number && 0 <= whole && whole < 1<<53
}

// trimmed cuts the space around texts, and reports whether something is left of each.
func trimmed(texts ...*string) bool {
	for _, text := range texts {
		if *text = strings.TrimFunc(*text, blank); *text == "" {
			return false
		}
	}
	return true
}

// blank reports whether JavaScript trims a character: white space, and the byte order
// mark.
func blank(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }
