// Package check says what a deployment would do with an environment, and what of that is
// unsafe or likely a mistake: see [Environment]. [Deployed] looks at a deployment from
// outside.
//
// What they return can be shown to anybody. It has no keys and no passwords, of addresses the
// host alone, and nothing that a terminal would take for a command.
package check

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// Severity is how bad a [Finding] is.
type Severity string

const (
	// Problem is what doesn't work, or lets in who shouldn't be.
	Problem Severity = "problem"
	// Warning is what may be meant, and often isn't.
	Warning Severity = "warning"
)

// The codes of the mistakes that people make first. There are others.
const (
	MistakeWrongKey      = "wrong-key"
	MistakeWrongModel    = "wrong-model"
	MistakePortTaken     = "port-taken"
	MistakeCORS          = "cors"
	MistakeBasePath      = "base-path"
	MistakeEndpoint      = "endpoint"
	MistakeBuffered      = "buffered"
	MistakeStoreWantsTLS = "store-wants-tls"
	MistakeNoAuth        = "no-auth"
	MistakeClock         = "clock"
)

// Finding is something that is wrong, or may be.
type Finding struct {
	Severity Severity `json:"severity"`
	// Code is a word for what is wrong, which stays the same when texts change.
	Code string `json:"code"`
	// Variable is the environment variable, empty if it isn't about one.
	Variable string `json:"variable,omitempty"`
	// What is wrong, Why that matters, and what to Do. Why and Do may be empty.
	What string `json:"what"`
	Why  string `json:"why,omitempty"`
	Do   string `json:"do,omitempty"`
}

// Line is one thing that the deployment would do, or does.
type Line struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Trial is something that was tried over the network.
type Trial struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Text is what came of it, and Seconds how long it took.
	Text    string  `json:"text"`
	Seconds float64 `json:"seconds"`
}

// Report is what was found. Its lists are in a fixed order. As JSON it has what its fields
// are tagged with; fields are added, and none is taken away.
type Report struct {
	// Checked is what was looked at, in a few words.
	Checked  string    `json:"checked"`
	Does     []Line    `json:"does"`
	Trials   []Trial   `json:"trials"`
	Findings []Finding `json:"findings"`

	mu    sync.Mutex
	shown shown
}

// Problems returns how many findings are problems.
func (r *Report) Problems() int { return r.count(Problem) }

// Warnings returns how many findings are warnings.
func (r *Report) Warnings() int { return r.count(Warning) }

func (r *Report) count(severity Severity) (n int) {
	for _, finding := range r.Findings {
		if finding.Severity == severity {
			n++
		}
	}
	return n
}

// add adds a finding, unless it is there already. It is safe for concurrent use.
func (r *Report) add(f Finding) {
	f.Variable, f.What, f.Why, f.Do = r.shown.text(f.Variable), r.shown.text(f.What), r.shown.text(f.Why), r.shown.own(f.Do)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.Findings, f) {
		r.Findings = append(r.Findings, f)
	}
}

// has reports whether there is a problem of a variable already.
func (r *Report) has(variable string) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity == Problem && f.Variable == variable })
}

func (r *Report) problem(code, variable, what, why, do string) {
	r.add(Finding{Problem, code, variable, what, why, do})
}

func (r *Report) warn(code, variable, what, why, do string) {
	r.add(Finding{Warning, code, variable, what, why, do})
}

// does adds a line, unless there is nothing to say.
func (r *Report) does(name string, parts ...string) {
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	if len(parts) > 0 {
		r.Does = append(r.Does, Line{name, r.shown.text(strings.Join(parts, ", "))})
	}
}

// newReport returns an empty report, whose lists aren't nil.
func newReport(checked string, shown shown) *Report {
	return &Report{Checked: shown.text(checked), Does: []Line{}, Trials: []Trial{}, Findings: []Finding{}, shown: shown}
}

// sort brings what was found side by side into an order: problems first.
func (r *Report) sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Variable, b.Variable), cmp.Compare(a.Code, b.Code), cmp.Compare(a.What, b.What))
	})
}
