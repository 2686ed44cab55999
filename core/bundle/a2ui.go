package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/a2ui"
)

// a2uiVariable is the variable with the options of A2UI surfaces.
const a2uiVariable = "COPILOTKIT_A2UI"

// setA2UI parses on, off, or a JSON object of options.
func setA2UI(s *Settings, value string) error {
	switch value {
	case "off":
		s.A2UIOff = true
		return nil
	case "on":
		s.A2UI = &a2ui.Config{}
		return nil
	}
	var options map[string]json.RawMessage
	if json.Unmarshal([]byte(value), &options) != nil || options == nil {
		return errors.New(`neither on, off nor a JSON object such as {"agents":["default"]}`)
	}
	config := &a2ui.Config{}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if err := setA2UIOption(config, name, options[name]); err != nil {
			return err
		}
	}
	if _, err := a2ui.New(*config); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "a2ui: "))
	}
	s.A2UI = config
	return nil
}

// setA2UIOption sets one option, by the names that the reference has for them.
func setA2UIOption(config *a2ui.Config, name string, value json.RawMessage) error {
	switch name {
	case "agents":
		if err := option(name, value, "a list of names", &config.Agents); err != nil {
			return err
		}
		if len(config.Agents) == 0 {
			return errNoAgents
		}
		return nil
	case "a2uiToolNames":
		return option(name, value, "a list of names", &config.ToolNames)
	case "defaultCatalogId":
		return option(name, value, "a text", &config.DefaultCatalogID)
	case "schema":
		config.Schema = value
		return nil
	case "injectA2UITool":
		return setA2UITool(config, value)
	case "recovery":
		return setA2UIRecovery(config, value)
	}
	return fmt.Errorf("no such option: %q; there are agents, a2uiToolNames, defaultCatalogId, injectA2UITool, recovery and schema", name)
}

// setA2UITool takes true, false, or the name of the tool.
func setA2UITool(config *a2ui.Config, value json.RawMessage) error {
	var given bool
	if json.Unmarshal(value, &given) == nil && string(value) != "null" {
		config.Tool = a2ui.ToolNever
		if given {
			config.Tool = a2ui.ToolAlways
		}
		return nil
	}
	if err := option("injectA2UITool", value, "true, false or a name", &config.ToolName); err != nil {
		return err
	}
	if config.ToolName == "" {
		return errors.New("injectA2UITool is an empty name")
	}
	config.Tool = a2ui.ToolAlways
	return nil
}

func setA2UIRecovery(config *a2ui.Config, value json.RawMessage) error {
	var options map[string]json.RawMessage
	if err := option("recovery", value, "an object", &options); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		var err error
		switch name {
		case "debugExposure":
			err = option("recovery.debugExposure", options[name], "a text", &config.Recovery.DebugExposure)
		case "showProgressTokens":
			var show bool
			err = option("recovery.showProgressTokens", options[name], "true or false", &show)
			config.Recovery.HideProgress = !show
		case "maxAttempts":
			err = option("recovery.maxAttempts", options[name], "a whole number", &config.Recovery.MaxAttempts)
			if err == nil && config.Recovery.MaxAttempts < 1 {
				err = errors.New("recovery.maxAttempts is less than 1")
			}
		default:
			err = fmt.Errorf("no such option: recovery.%s; there are debugExposure, showProgressTokens and maxAttempts", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// option decodes the value of an option into what it sets.
func option(name string, value json.RawMessage, kind string, into any) error {
	if string(value) == "null" || json.Unmarshal(value, into) != nil {
		return fmt.Errorf("%s is not %s", name, kind)
	}
	return nil
}

// buildA2UI returns the extension that draws surfaces, nil if it is off. Unless it was
// asked for, it draws for front ends that say they have a catalog.
func buildA2UI(settings *Settings, parts parts, agents map[string]agent.Agent) (*a2ui.Extension, error) {
	if settings.A2UIOff {
		return nil, nil
	}
	config := a2ui.Config{OnDemand: true}
	if settings.A2UI != nil {
		config = *settings.A2UI
	}
	if err := checkAgents(a2uiVariable, config.Agents, parts, agents); err != nil {
		return nil, err
	}
	config.Logger = parts.logger
	surfaces, err := a2ui.New(config)
	if err != nil {
		return nil, &EnvError{Name: a2uiVariable, Err: err}
	}
	return surfaces, nil
}
