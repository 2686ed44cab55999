package bundle

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Env returns the environment as "NAME=value"; [os.Environ] is one. It is called
// for every build, so that a failed build can succeed once the environment has
// been mended.
type Env func() []string

// EnvError says what is wrong with one environment variable. Its text never
// quotes the value of a variable that may hold a secret.
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

// foreign are variables that other parts of CopilotKit read. They may be in an
// environment that is shared with them, and mean nothing here.
var foreign = []string{
	"COPILOTKIT_FEATURES",
	"COPILOTKIT_INTELLIGENCE_URL",
	"COPILOTKIT_LICENSE_TOKEN",
	"COPILOTKIT_SEGMENT_WRITE_KEY",
	"COPILOTKIT_TELEMETRY_DISABLED",
	"COPILOTKIT_TELEMETRY_SAMPLE_RATE",
	"COPILOTKIT_TELEMETRY_URL",
}

// lookup returns the environment as a map. A variable that is set to nothing
// counts as unset, since deployment templates cannot leave one out.
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

// unknownVariables returns an error for each variable with this runtime's
// prefix that it doesn't know, most likely a misspelt one.
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

// nearestVariable returns the variable that a name was probably meant to be, ""
// for none.
func nearestVariable(name string) string {
	nearest, least := "", 4 // more than three typing mistakes is another word
	for _, v := range variables {
		if !strings.HasPrefix(v.name, prefix) {
			continue
		}
		if d := distance(strings.TrimPrefix(name, prefix), strings.TrimPrefix(v.name, prefix)); d < least {
			nearest, least = v.name, d
		}
	}
	return nearest
}

// distance returns the Levenshtein distance of two names: how many letters must be
// added, dropped or changed to get from one to the other.
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
