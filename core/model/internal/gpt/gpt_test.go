package gpt_test

import (
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/model/internal/gpt"
)

func TestWhatIsKnownOfAModelByItsName(t *testing.T) {
	const efforts = "none minimal low medium high xhigh"
	for name, test := range map[string]struct {
		reasons bool
		// efforts are what becomes of all there are, "-" for none, and sampling those at
		// which there is a temperature.
		efforts, sampling string
	}{
		"gpt-4o":                     {false, "- - - - - -", efforts},
		"gpt-4.1-mini":               {false, "- - - - - -", efforts},
		"gpt-3.5-turbo":              {false, "- - - - - -", efforts},
		"my-gpt-35-turbo":            {false, "- - - - - -", efforts},
		"chatgpt-4o-latest":          {false, "- - - - - -", efforts},
		"gpt-5-chat-latest":          {false, "- - - - - -", efforts},
		"o3":                         {true, "low low low medium high high", ""},
		"o4-mini-2025-04-16":         {true, "low low low medium high high", ""},
		"openai/o3-mini":             {true, "low low low medium high high", ""},
		"gpt-5":                      {true, "minimal minimal low medium high high", ""},
		"GPT-5-nano":                 {true, "minimal minimal low medium high high", ""},
		"my-gpt5-deployment":         {true, "minimal minimal low medium high high", ""},
		"gpt-5-pro":                  {true, "high high high high high high", ""},
		"gpt-5-codex":                {true, "low low low medium high high", ""},
		"codex-mini-latest":          {true, "low low low medium high high", ""},
		"gpt-5.1":                    {true, "none low low medium high high", "none"},
		"gpt-5.1-codex-max":          {true, "low low low medium high xhigh", "none"},
		"gpt-5.2-pro":                {true, "none low low medium high xhigh", "none"},
		"gpt-5.1-chat-latest":        {true, "none low low medium high high", "none"},
		"gpt-6":                      {true, "none low low medium high xhigh", "none"},
		"gpt-oss-120b":               {false, efforts, efforts},
		"llama-3.3":                  {false, efforts, efforts},
		"gpt":                        {false, efforts, efforts},
		"gpt-":                       {false, efforts, efforts},
		"":                           {false, efforts, efforts},
		"demo1":                      {false, efforts, efforts},
		"gpt-99999999999999999999-x": {false, efforts, efforts},
	} {
		t.Run(name, func(t *testing.T) {
			m := gpt.Parse(name)
			var got, sampling []string
			for effort := range strings.SplitSeq(efforts, " ") {
				converted := m.Effort(effort)
				if converted == "" {
					converted = "-"
				}
				got = append(got, converted)
				if m.TakesSampling(effort) {
					sampling = append(sampling, effort)
				}
			}
			if m.Reasons() != test.reasons || strings.Join(got, " ") != test.efforts || strings.Join(sampling, " ") != test.sampling || m.Effort("") != "" {
				t.Errorf("got %v, %v and %v", m.Reasons(), got, sampling)
			}
		})
	}
}
