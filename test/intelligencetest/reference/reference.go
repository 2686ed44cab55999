// Package reference holds a runtime against what the reference does with a managed
// platform: the same requests of a front end, the same agent and the same faults, and
// then what the platform was asked, which events it got, what the agent got and what the
// front end was answered.
//
// What the reference does is in testdata/reference.json, which this package's test
// compares with the reference itself; with -update it writes it anew.
package reference

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// Config is what a runtime is told, in the form that drivers take from CPK_CONFIG. It
// serves /copilotkit, has the agent "default", described as "Conformance agent", at
// AgentURL, and takes users from the headers x-test-user-id and x-test-user-name, else
// test-user and Test User.
type Config struct {
	Port      int    `json:"port"`
	APIURL    string `json:"apiUrl"`
	RunnerURL string `json:"runnerUrl"` // …/runner
	ClientURL string `json:"clientUrl"` // …/client
	APIKey    string `json:"apiKey"`
	AgentURL  string `json:"agentUrl"`
	// TelemetryDisabled is always true.
	TelemetryDisabled bool `json:"telemetryDisabled"`
	// MemoryGrant is what each user may do with memories. If nil there is no policy.
	MemoryGrant *Grant `json:"memoryGrant,omitempty"`
	// Mode is multi-route, if empty, or single-route.
	Mode                string  `json:"mode,omitempty"`
	GenerateThreadNames bool    `json:"generateThreadNames"`
	LockTTLSeconds      float64 `json:"lockTtlSeconds,omitempty"`
	// LockHeartbeatIntervalSeconds is how often a lock is renewed.
	LockHeartbeatIntervalSeconds float64 `json:"lockHeartbeatIntervalSeconds,omitempty"`
	LockKeyPrefix                string  `json:"lockKeyPrefix,omitempty"`
}

// Grant is what a user may do with memories: none, read or read-write.
type Grant struct {
	User    string `json:"user"`
	Project string `json:"project"`
}

// Start starts a runtime, and returns its address with /copilotkit. It ends with the
// test.
type Start func(t *testing.T, config Config) (url string)

// Observation is what was seen of a runtime in one scenario. What differs from run to
// run, such as identifiers and times, is replaced by its name.
type Observation struct {
	// Answers are those to the front end, in the order of the requests.
	Answers []Answer `json:"answers"`
	// Calls are the HTTP calls of the platform, in order.
	Calls []Call `json:"calls"`
	// Events are those that the runner pushed, in the order in which they were stored,
	// with how the runner sent them: "event" or "events".
	Events []json.RawMessage `json:"events"`
	Pushed string            `json:"pushed,omitempty"`
	// Inputs are what the agent got.
	Inputs []json.RawMessage `json:"inputs"`
	// Frames are the names of all others that the runner sent: joins, leaves.
	Frames []string `json:"frames"`
}

// Answer is an answer to a front end.
type Answer struct {
	Request      string          `json:"request"`
	Status       int             `json:"status"`
	CacheControl string          `json:"cacheControl,omitempty"`
	Body         json.RawMessage `json:"body,omitempty"`
}

// Call is a call of the platform.
type Call struct {
	Request string `json:"request"`
	// Headers are content-type and those of the platform.
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

//go:embed testdata/reference.json
var recorded []byte

// Recorded returns what the reference does, by scenario.
func Recorded() (map[string]Observation, error) {
	var all map[string]Observation
	if err := json.Unmarshal(recorded, &all); err != nil {
		return nil, fmt.Errorf("read what the reference does: %w", err)
	}
	return all, nil
}

// Names returns the scenarios' names.
func Names() []string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

// Part is a part of an observation.
type Part string

// The parts.
const (
	Answers Part = "answers"
	Calls   Part = "calls"
	Events  Part = "events"
	Inputs  Part = "inputs"
	Frames  Part = "frames"
)

// Compare plays each scenario as a test of its own, and compares a runtime with the
// reference. The parts of a scenario that deliberate has differ on purpose, and must; the
// values say why. A scenario that has the part "" isn't played.
func Compare(t *testing.T, start Start, deliberate map[string]map[Part]string) {
	t.Helper()
	all, err := Recorded()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		if _, left := deliberate[s.name][""]; left {
			continue
		}
		t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) {
			want, found := all[s.name]
			if !found {
				t.Fatal("it isn't recorded")
			}
			got := observe(t, s, start)
			for _, part := range []Part{Answers, Calls, Events, Inputs, Frames} {
				differences := compare(want.part(part), got.part(part))
				why, differs := deliberate[s.name][part]
				switch {
				case differs && len(differences) == 0:
					t.Errorf("the %s don't differ any more: %s", part, why)
				case !differs && len(differences) > 0:
					t.Errorf("the %s differ:\n%s", part, strings.Join(differences, "\n"))
				}
			}
		})
	}
}

// part returns a part as lines.
func (o Observation) part(part Part) []string {
	switch part {
	case Answers:
		return lines(o.Answers)
	case Calls:
		return lines(o.Calls)
	case Events:
		return append(lines(o.Events), o.Pushed)
	case Inputs:
		return lines(o.Inputs)
	}
	return o.Frames
}

// compare says which lines differ.
func compare(want, got []string) []string {
	var differences []string
	for i := range max(len(want), len(got)) {
		var a, b string
		if i < len(want) {
			a = want[i]
		}
		if i < len(got) {
			b = got[i]
		}
		if a != b {
			differences = append(differences, fmt.Sprintf("  %d want %s\n    got  %s", i+1, a, b))
		}
	}
	return differences
}

// lines has each value as JSON, with the names of objects in order.
func lines[T any](values []T) []string {
	var all []string
	for _, value := range values {
		data, err := json.Marshal(value)
		if err != nil {
			panic(err) // it is made of JSON
		}
		all = append(all, string(sorted(data)))
	}
	return all
}

func sorted(data []byte) []byte {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return data
	}
	again, err := json.Marshal(value)
	if err != nil {
		return data
	}
	return again
}

// observe plays a scenario.
func observe(t *testing.T, s scenario, start Start) Observation {
	t.Helper()
	p := intelligencetest.New(t)
	session := newSession(t, p)
	config := Config{
		APIURL: p.URL, RunnerURL: p.GatewayURL + "/runner", ClientURL: p.GatewayURL + "/client",
		APIKey: p.Key, AgentURL: session.agent.URL, TelemetryDisabled: true,
	}
	if s.config != nil {
		s.config(&config)
	}
	session.url = start(t, config)
	session.steps = s.agent
	s.play(session)
	return session.observation()
}

// events in the order in which they came, and how.
func (s *session) pushed() (events []json.RawMessage, how string, frames []string) {
	seen := make(map[string]bool)
	for _, f := range s.p.Frames() {
		if !f.Runner || !f.Received || f.Topic == "phoenix" {
			continue
		}
		if f.Event != "event" && f.Event != "events" {
			frames = append(frames, f.Event+" "+string(s.plain(f.Payload)))
			continue
		}
		how = f.Event
		var batch struct{ Events []json.RawMessage }
		if err := json.Unmarshal(f.Payload, &batch); err != nil || f.Event == "event" {
			batch.Events = []json.RawMessage{f.Payload}
		}
		for _, event := range batch.Events {
			if seen[string(event)] {
				continue // again, after something went wrong
			}
			seen[string(event)] = true
			events = append(events, s.plain(event))
		}
	}
	return events, how, slices.Compact(frames)
}
