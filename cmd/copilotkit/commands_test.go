package main

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
)

func TestEachCommandSaysHowItIsUsed(t *testing.T) {
	list, messages, code := command(t, nil, "help")
	if code != 0 || messages != "" {
		t.Fatalf("code %d, %q", code, messages)
	}
	for _, c := range commands() {
		if !strings.Contains(string(list), "copilotkit "+c.name+" ") {
			t.Errorf("%s isn't listed", c.name)
		}
		for _, args := range [][]string{{"help", c.name}, {c.name, "--help"}, {c.name, "-h"}} {
			out, messages, code := command(t, nil, args...)
			if text := string(out); code != 0 || messages != "" || !strings.HasPrefix(text, "Usage:\n  copilotkit "+c.name) {
				t.Errorf("%v: code %d, %q, %q", args, code, text, messages)
			}
		}
	}
}

func TestWrongArgumentsEndWithTwo(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"no such command":              {[]string{"chekc"}, `there is no command "chekc"`},
		"a flag of the server":         {[]string{"--port=1"}, "environment variables configure the server"},
		"help of no command":           {[]string{"help", "chekc"}, `there is no command "chekc"`},
		"a flag that isn't there":      {[]string{"check", "--onlin"}, "there is no flag --onlin"},
		"one argument too many":        {[]string{"version", "now"}, "1 arguments too many"},
		"no such platform":             {[]string{"check", "--for", "heroku"}, "none of server, lambda, gcf, vercel, local, image"},
		"an origin without an address": {[]string{"check", "--origin", "https://a.example"}, "need --url"},
		"a run without an address":     {[]string{"check", "--run"}, "need --url"},
		"a deployment that is online":  {[]string{"check", "--url", "http://h/", "--online"}, "--online is for an environment"},
		"an endpoint that isn't one":   {[]string{"check", "--url", "http://h/", "--endpoint", "both"}, "neither multi-route nor single-route"},
		"a time that isn't one":        {[]string{"check", "--timeout", "soon"}, "timeout"},
		"no time":                      {[]string{"check", "--timeout", "0s"}, "above zero"},
		"threads without what to do":   {[]string{"threads"}, "export, import or copy"},
		"no such thing to do":          {[]string{"threads", "drop"}, "export, import or copy"},
		"threads of no store":          {[]string{"threads", "copy", "--from", "redis://h"}, "which store? Set --to"},
		"a store's schema, and an ear": {[]string{"store", "schema", "a", "b"}, "an address at most"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("COPILOTKIT_STORE", "")
			out, messages, code := command(t, nil, test.args...)
			if code != 2 || len(out) > 0 || !strings.Contains(messages, test.says) || !strings.Contains(messages, "Usage:") {
				t.Errorf("code %d, %q, %q", code, out, messages)
			}
		})
	}
}

func TestTheVersionIsAnObjectIfAskedFor(t *testing.T) {
	out, messages, code := command(t, nil, "version", "--json")
	var got map[string]any
	if err := json.Unmarshal(out, &got); err != nil || code != 0 || messages != "" || got["go"] != runtime.Version() || got["version"] == nil {
		t.Errorf("code %d, %s %q %v", code, out, messages, err)
	}
}

func TestTheReportIsAnObjectIfAskedFor(t *testing.T) {
	text, code := checked(t, []string{"COPILOTKIT_MODEL=demo"}, "--json", "--for", "vercel")
	var report struct {
		Checked  string
		Does     []struct{ Name, Text string }
		Trials   []any
		Findings []struct{ Severity, Code, Variable, What string }
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatal(err)
	}
	if code != 1 || report.Trials == nil || len(report.Does) == 0 || report.Findings[0].Code != "no-auth" || report.Findings[0].Severity != "problem" {
		t.Errorf("code %d, %+v", code, report)
	}
}
