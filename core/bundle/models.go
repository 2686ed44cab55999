package bundle

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/fallback"
)

// manyFirstToken is the default of COPILOTKIT_MODEL_FIRST_TOKEN_SECONDS where another
// model can answer.
const manyFirstToken = time.Minute

// buildModel returns the model of the environment: the one that is named, or the first of
// several that can answer.
func buildModel(settings *Settings, parts parts) (model.Model, error) {
	names := splitList(settings.Model)
	limits := model.Timeouts{FirstToken: settings.ModelFirstToken, NextToken: settings.ModelNextToken}
	if len(names) > 1 {
		limits.FirstToken = cmp.Or(limits.FirstToken, manyFirstToken)
	}
	var candidates []fallback.Candidate
	for _, name := range names {
		m, err := newModel(settings, parts, name)
		if err != nil {
			return nil, err
		}
		candidates = append(candidates, fallback.Candidate{Name: name, Model: model.WithTimeouts(m, limits)})
	}
	if len(candidates) == 1 {
		return candidates[0].Model, nil
	}
	return fallback.New(fallback.Config{Candidates: candidates, Logger: parts.logger})
}

func setModel(s *Settings, value string) error {
	s.Model = value
	if value == DemoModel {
		return nil
	}
	names := splitList(value)
	for i, name := range names {
		if name == DemoModel {
			return fmt.Errorf("%s stands alone", DemoModel)
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("%s is there twice", name)
		}
		if _, err := lookupProvider(name); err != nil {
			return fmt.Errorf("%w; or use %s, the embedded model", err, DemoModel)
		}
		if err := checkPrintable(name); err != nil {
			return err
		}
	}
	return nil
}

// efforts are the values of COPILOTKIT_MODEL_REASONING_EFFORT.
var efforts = []string{"none", "minimal", "low", "medium", "high", "xhigh"}

func setReasoningEffort(s *Settings, value string) error {
	if !slices.Contains(efforts, value) {
		return fmt.Errorf("%q is none of none, minimal, low, medium, high, xhigh", value)
	}
	s.ModelSettings.ReasoningEffort = value
	return nil
}

func setTemperature(s *Settings, value string) error {
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || !(n >= 0 && n <= 2) {
		return fmt.Errorf("%q is not a number from 0 to 2", value)
	}
	s.ModelSettings.Temperature = &n
	return nil
}

func setMaxTokens(s *Settings, value string) error {
	n, err := parseInt(value, 1, 10_000_000)
	s.ModelSettings.MaxOutputTokens = &n
	return err
}

// setModelOptions doesn't quote the options, which may hold a secret.
func setModelOptions(s *Settings, value string) error {
	var options map[string]map[string]any
	if err := json.Unmarshal([]byte(value), &options); err != nil || len(options) == 0 {
		return errors.New(`not a JSON object of options by provider, such as {"openai":{"serviceTier":"flex"}}`)
	}
	for name := range options {
		if !slices.ContainsFunc(providers(), func(p model.Provider) bool { return strings.TrimSuffix(p.Name, "-chat") == name }) {
			_, err := providers().Lookup(name)
			return cmp.Or(err, fmt.Errorf("options are by the name of the provider, and %q is another one for it", name))
		}
	}
	s.ModelSettings.ProviderOptions = options
	return nil
}

// setSeconds returns the set function of a time limit.
func setSeconds(field func(*Settings) *time.Duration) func(*Settings, string) error {
	return setSecondsWithin(field, 1, 3600)
}

// setSecondsWithin returns the set function of a number of seconds.
func setSecondsWithin(field func(*Settings) *time.Duration, least, most int) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		n, err := parseInt(value, least, most)
		*field(s) = time.Duration(n) * time.Second
		return err
	}
}
