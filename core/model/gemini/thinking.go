package gemini

import (
	"strconv"
	"strings"
)

// generation is the version of a Gemini model, the zero value for another model.
type generation struct{ major, minor int }

// generationOf returns the generation of a model. Names without a version, such as
// gemini-flash-latest, are of the newest.
func generationOf(name string) generation {
	name = strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
	version, isGemini := strings.CutPrefix(name, "gemini-")
	if !isGemini {
		return generation{}
	}
	version, _, _ = strings.Cut(version, "-")
	major, minor, _ := strings.Cut(version, ".")
	g := generation{}
	var err error
	if g.major, err = strconv.Atoi(major); err != nil {
		if strings.HasSuffix(name, "-latest") {
			return generation{major: 3}
		}
		return generation{major: 1} // gemini-pro
	}
	g.minor, _ = strconv.Atoi(minor)
	return g
}

func (g generation) before(major, minor int) bool {
	return g.major < major || g.major == major && g.minor < minor
}

// thinkingConfig is how much a model thinks and whether it shows its thoughts. Models
// that can't think refuse it.
type thinkingConfig struct {
	IncludeThoughts bool   `json:"includeThoughts,omitempty"`
	ThinkingBudget  *int   `json:"thinkingBudget,omitempty"`
	ThinkingLevel   string `json:"thinkingLevel,omitempty"`
}

// thinking returns the configuration of a model for a reasoning effort, nil for a model
// that isn't known to think.
func thinking(name, effort string) *thinkingConfig {
	name = strings.ToLower(name)
	g := generationOf(name)
	if g.before(2, 5) {
		return nil
	}
	for _, special := range [...]string{"image", "tts", "audio", "live", "embedding"} {
		if strings.Contains(name, special) {
			return nil
		}
	}
	config := &thinkingConfig{IncludeThoughts: effort != "none"}
	if g.major < 3 {
		config.ThinkingBudget = budget(strings.Contains(name, "pro"), effort)
	} else {
		config.ThinkingLevel = level(name, g, effort)
	}
	return config
}

// budget returns the tokens that a Gemini 2.5 model may think, as Google's chat
// completions convert the effort. Only the Pro model can't do without.
func budget(pro bool, effort string) *int {
	tokens, most := 0, 24576
	if pro {
		tokens, most = 128, 32768
	}
	switch effort {
	case "none":
	case "minimal", "low":
		tokens = 1024
	case "medium":
		tokens = 8192
	case "high":
		tokens = 24576
	case "xhigh":
		tokens = most
	default:
		return nil
	}
	return &tokens
}

// level returns the level at which a model of a later generation thinks. None of them
// can do without.
func level(name string, g generation, effort string) string {
	switch effort {
	case "none", "minimal":
		flash := strings.Contains(name, "flash") && !strings.HasSuffix(name, "-latest")
		if strings.Contains(name, "flash-lite") || flash && g.before(3, 7) {
			return "MINIMAL"
		}
		return "LOW"
	case "low":
		return "LOW"
	case "medium":
		if strings.HasPrefix(name, "gemini-3-pro") { // which has two levels
			return "HIGH"
		}
		return "MEDIUM"
	case "high", "xhigh":
		return "HIGH"
	}
	return ""
}
