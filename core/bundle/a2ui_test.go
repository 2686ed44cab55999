package bundle_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/bundle"
)

const a2uiJSON = `{"agents":["default"],"injectA2UITool":"draw","schema":{"components":{"Text":{"required":["text"]}}},` +
	`"defaultCatalogId":"mine","recovery":{"debugExposure":"verbose","showProgressTokens":false,"maxAttempts":5},"a2uiToolNames":["paint"]}`

func TestOptionsOfA2UIAreTakenOver(t *testing.T) {
	settings, err := bundle.Read(env("COPILOTKIT_A2UI="+a2uiJSON), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := *settings.A2UI
	schema := string(got.Schema)
	got.Schema = nil
	want := "{Agents:[default] OnDemand:false Tool:1 ToolName:draw ToolNames:[paint] Schema:[] DefaultCatalogID:mine " +
		"Recovery:{DebugExposure:verbose HideProgress:true MaxAttempts:5} Logger:<nil>}"
	if fmt.Sprintf("%+v", got) != want || schema != `{"components":{"Text":{"required":["text"]}}}` {
		t.Errorf("got %+v and %s", got, schema)
	}
}

func TestBadOptionsOfA2UIAreNamed(t *testing.T) {
	for value, want := range map[string]string{
		`{"agents":[]}`:                         "agents is empty",
		`yes`:                                   "neither on, off nor a JSON object",
		`null`:                                  "neither on, off nor a JSON object",
		`["default"]`:                           "neither on, off nor a JSON object",
		`{"agent":[]}`:                          `no such option: "agent"`,
		`{"enabled":true}`:                      `no such option: "enabled"`,
		`{"agents":"default"}`:                  "agents is not a list of names",
		`{"agents":null}`:                       "agents is not a list of names",
		`{"agents":[""]}`:                       "empty name",
		`{"injectA2UITool":1}`:                  "injectA2UITool is not true, false or a name",
		`{"injectA2UITool":null}`:               "injectA2UITool is not true, false or a name",
		`{"injectA2UITool":""}`:                 "injectA2UITool is an empty name",
		`{"a2uiToolNames":[1]}`:                 "a2uiToolNames is not a list of names",
		`{"defaultCatalogId":{}}`:               "defaultCatalogId is not a text",
		`{"schema":"x"}`:                        "schema: neither an object nor an array",
		`{"schema":{"catalogId":"x"}}`:          `schema: an object needs "components"`,
		`{"schema":{"components":{"a":1}}}`:     `component "a" is not an object`,
		`{"recovery":[]}`:                       "recovery is not an object",
		`{"recovery":{"attempts":3}}`:           "no such option: recovery.attempts",
		`{"recovery":{"maxAttempts":0}}`:        "recovery.maxAttempts is less than 1",
		`{"recovery":{"maxAttempts":1.5}}`:      "recovery.maxAttempts is not a whole number",
		`{"recovery":{"showProgressTokens":1}}`: "recovery.showProgressTokens is not true or false",
		`{"recovery":{"debugExposure":"all"}}`:  `"all" is neither hidden, collapsed nor verbose`,
	} {
		_, err := bundle.Read(env("COPILOTKIT_A2UI="+value), nil)
		var envErr *bundle.EnvError
		if !errors.As(err, &envErr) || envErr.Name != "COPILOTKIT_A2UI" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", value, err, want)
		}
	}
}

// The demo model doesn't draw, so what is told of surfaces, and whether a run gets the
// tool, is what shows the setting.
func TestWhoHasSurfaces(t *testing.T) {
	const catalog, none = `{"a2uiCatalogAvailable":true}`, `{}`
	for name, test := range map[string]struct {
		env         []string
		props       string
		told, draws bool
	}{
		"nobody, if a front end has no catalog":         {nil, none, false, false},
		"front ends that have a catalog":                {nil, catalog, false, true},
		"nobody, if it is off":                          {[]string{"COPILOTKIT_A2UI=off"}, catalog, false, false},
		"everybody who has a catalog":                   {[]string{"COPILOTKIT_A2UI=on"}, catalog, true, true},
		"agents with tools of their own, without one":   {[]string{"COPILOTKIT_A2UI=on"}, none, true, false},
		"everybody, if the tool is always there":        {[]string{`COPILOTKIT_A2UI={"injectA2UITool":true}`}, none, true, true},
		"other agents only":                             {[]string{`COPILOTKIT_A2UI={"agents":["other"]}`}, catalog, true, false},
		"nobody, if a front end says it in another way": {nil, `{"a2uiCatalogAvailable":"true"}`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			seen := &inputs{}
			handler, err := bundle.New(t.Context(), env(append(test.env, "COPILOTKIT_AUTH=none")...), bundle.WithAgent("default", seen.agent()), bundle.WithAgent("other", artist))
			if err != nil {
				t.Fatal(err)
			}
			defer handler.Close()
			info := get(handler, "/api/copilotkit/info", nil).Body.String()
			if told := strings.Contains(info, `"a2uiEnabled":true`); told != test.told {
				t.Errorf("/info is %s", info)
			}
			body := `{"threadId":"t","runId":"r","messages":[],"tools":[],"context":[],"state":{},"forwardedProps":` + test.props + `}`
			request := httptest.NewRequest("POST", "/api/copilotkit/agent/default/run", strings.NewReader(body))
			request.Header.Set("Content-Type", "application/json")
			handler.ServeHTTP(httptest.NewRecorder(), request)
			if len(seen.all) != 1 {
				t.Fatalf("%d runs", len(seen.all))
			}
			tools := seen.all[0].Tools
			if draws := len(tools) == 1 && tools[0].Name == "render_a2ui"; draws != test.draws {
				t.Errorf("the run has the tools %v", tools)
			}
		})
	}
}

// inputs are what an agent was given.
type inputs struct{ all []*agui.RunAgentInput }

func (i *inputs) agent() agent.Agent {
	return agent.Func(func(_ context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		i.all = append(i.all, input)
		return func(yield func(agui.Event, error) bool) {
			yield(agui.RunFinishedEvent{ThreadID: input.ThreadID, RunID: input.RunID}, nil)
		}
	})
}
