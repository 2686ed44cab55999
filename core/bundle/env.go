package bundle

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Env returns the environment as a list of "NAME=value", as [os.Environ] does. It is
// called for every build, so that a build can succeed once the environment is fixed.
type Env func() []string

// EnvError is the error of one environment variable. Its text doesn't quote the value
// of a variable that may hold a secret.
type EnvError struct {
	// Name is the variable's name.
	Name string
	// Err says what is wrong with it.
	Err error
}

// Error returns the variable's name and what is wrong with it.
func (e *EnvError) Error() string { return e.Name + ": " + e.Err.Error() }

// Unwrap returns what is wrong, without the name.
func (e *EnvError) Unwrap() error { return e.Err }

// prefix is what this runtime's own variables start with.
const prefix = "COPILOTKIT_"

// foreign are variables of other parts of CopilotKit, which may share the environment.
// They have no effect here.
var foreign = []string{
	"COPILOTKIT_FEATURES",
	"COPILOTKIT_INTELLIGENCE_URL",
	"COPILOTKIT_LICENSE_TOKEN",
	"COPILOTKIT_SEGMENT_WRITE_KEY",
	"COPILOTKIT_TELEMETRY_DISABLED",
	"COPILOTKIT_TELEMETRY_SAMPLE_RATE",
	"COPILOTKIT_TELEMETRY_URL",
}

// lookup returns the environment as a map. An empty variable counts as unset, since
// deployment templates can't leave one out.
func (env Env) lookup() map[string]string {
	values := make(map[string]string)
	for _, entry := range env() {
		name, value, _ := strings.Cut(entry, "=")
		if value != "" {
			values[name] = value
		}
	}
	return values
}

// unknownVariables returns an error for each unknown variable with this runtime's
// prefix, which is probably misspelt.
func unknownVariables(values map[string]string) []error {
	var errs []error
	for name := range values {
		if !strings.HasPrefix(name, prefix) || slices.Contains(foreign, name) || isVariable(name) {
			continue
		}
		message := "no such variable"
		if near := nearestVariable(name); near != "" {
			message += fmt.Sprintf("; did you mean %s?", near)
		}
		errs = append(errs, &EnvError{Name: name, Err: errors.New(message)})
	}
	// In the order of names, since a map has none.
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

func isVariable(name string) bool {
	return slices.ContainsFunc(variables, func(v variable) bool { return v.name == name })
}

// nearestVariable returns the variable whose name is most similar, "" if none is.
func nearestVariable(name string) string {
	nearest, least := "", 4 // more than three mistakes make another word
	for _, v := range variables {
		if longer := len(name) - len(v.name); !strings.HasPrefix(v.name, prefix) || longer >= least || -longer >= least {
			continue
		}
		if d := distance(strings.TrimPrefix(name, prefix), strings.TrimPrefix(v.name, prefix)); d < least {
			nearest, least = v.name, d
		}
	}
	return nearest
}

// distance returns the Levenshtein distance of two names: how many letters must be
// inserted, deleted or replaced to get from one to the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
