package a2ui_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/a2ui"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

const tabsSchema = `{"components":{
	"Text":{"required":["text","id"]},
	"Column":{"properties":{"children":{"format":"componentRef"}}},
	"Modal":{"properties":{"trigger":{"format":"componentRef"},"pages":{"format":"componentRefList"},"title":{"type":"string"}}},
	"Tabs":{"properties":{"tabs":{"type":"array","items":{"type":"object","properties":{
		"child":{"format":"componentRef"},"more":{"format":"componentRefList"},"name":{"type":"string"}}}}}}
}}`

// lastActivity returns the content of the last activity of a run in which the model
// draws, in one delta each.
func lastActivity(t testing.TB, config a2ui.Config, deltas ...string) json.RawMessage {
	t.Helper()
	config.Recovery.HideProgress = true
	inner := answering(call("c", "render_a2ui", deltas...), nil)
	var last json.RawMessage
	for _, event := range agenttest.Run(t, newExtension(t, config).Middleware(inner), &agui.RunAgentInput{}) {
		if activity, ok := event.(agui.ActivitySnapshotEvent); ok {
			last = activity.Content
		}
		if _, err := agui.Encode(event); err != nil {
			t.Fatal(err)
		}
	}
	return last
}

// problemsOf returns what is told of components, in one line each.
func problemsOf(t testing.TB, schema, components string) []string {
	t.Helper()
	content := lastActivity(t, a2ui.Config{Schema: []byte(schema)}, `{"surfaceId":"s","components":`+components+`}`)
	var told struct {
		Errors []struct{ Code, Path, Message string }
	}
	if err := json.Unmarshal(content, &told); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range told.Errors {
		lines = append(lines, e.Code+" "+e.Path+": "+e.Message)
	}
	return lines
}

func TestWhatIsWrongWithASurfaceIsTold(t *testing.T) {
	const unresolved = ": Child reference 'x' does not match any component id"
	for name, test := range map[string]struct {
		schema, components string
		want               []string
	}{
		"nothing": {"", `[{"id":"root","component":"A","children":["a",{"componentId":"b","path":"/x"}],"child":"a"},{"id":"a","component":"A"},{"id":"b","component":"B"}]`, nil},
		"a component twice": {"", `[{"id":"root","component":"A"},{"id":"root","component":"A"},{"id":"root","component":"B"}]`,
			[]string{"duplicate_id components[id=root]: Duplicate component id 'root'", "duplicate_id components[id=root]: Duplicate component id 'root'"}},
		"components without ids": {"", `[{"id":"root","component":"A"},{"component":"B"},{"id":"","component":"C"},{"id":5,"component":"C"}]`,
			[]string{"missing_id components[1].id: Component at index 1 is missing a string 'id'",
				"missing_id components[2].id: Component at index 2 is missing a string 'id'",
				"missing_id components[3].id: Component at index 3 is missing a string 'id'"}},
		"a component without a type": {"", `[{"id":"root","component":""}]`,
			[]string{"missing_component_type components[0].component: Component at index 0 is missing a string 'component' type"}},
		"no root": {"", `[{"id":"a","component":"A"}]`, []string{"no_root components: No component has id 'root'"}},
		"children that are not there": {"", `[{"id":"root","component":"A","child":"x","children":["root2",{"componentId":"x"},["x",5],{"componentId":1},{"path":"/"}]},{"id":"root2","component":"A","children":{"componentId":"x","path":"/i"}},{"id":"c","component":"A","child":["x"],"children":"x"}]`,
			[]string{"unresolved_child components[0].child" + unresolved, "unresolved_child components[0].children[1]" + unresolved,
				"unresolved_child components[0].children[2]" + unresolved, "unresolved_child components[1].children" + unresolved,
				"unresolved_child components[2].child" + unresolved, "unresolved_child components[2].children" + unresolved}},
		"a component within itself": {"", `[{"id":"root","component":"A","children":["root","root"]}]`,
			[]string{"child_cycle components[id=root]: Child reference cycle detected: root -> root"}},
		"components within one another, once": {"", `[{"id":"root","component":"A","children":["z","b"]},{"id":"z","component":"A","child":"b"},{"id":"b","component":"A","child":"z"}]`,
			[]string{"child_cycle components[id=b]: Child reference cycle detected: b -> z -> b"}},
		"two cycles": {"", `[{"id":"root","component":"A","children":["a"]},{"id":"a","component":"A","children":["root","a"]}]`,
			[]string{"child_cycle components[id=a]: Child reference cycle detected: a -> root -> a", "child_cycle components[id=a]: Child reference cycle detected: a -> a"}},
		"a cycle that the root doesn't reach": {"", `[{"id":"root","component":"A"},{"id":"a","component":"A","child":"a"}]`,
			[]string{"child_cycle components[id=a]: Child reference cycle detected: a -> a"}},
		"components that the catalog doesn't have": {tabsSchema, `[{"id":"root","component":"Nope"}]`,
			[]string{"unknown_component components[0].component: Component type 'Nope' is not in the catalog"}},
		"what a component must have": {tabsSchema, `[{"id":"root","component":"Text"}]`,
			[]string{"missing_required_prop components[0].text: Component 'Text' (index 0) is missing required prop 'text'"}},
		"what it must have may be null": {tabsSchema, `[{"id":"root","component":"Text","text":null}]`, nil},
		"references that the catalog marks": {tabsSchema, `[{"id":"root","component":"Modal","trigger":"x","title":"x","pages":["root","x"]},
			{"id":"t","component":"Tabs","tabs":[{"child":"x","name":"x"},5,{"more":["x",{"componentId":"x"}]},{"more":"x"}]},
			{"id":"u","component":"Tabs","tabs":{"child":"x"}},{"id":"m","component":"Modal","pages":"x"}]`,
			[]string{"unresolved_child components[0].trigger" + unresolved, "unresolved_child components[0].pages[1]" + unresolved,
				"unresolved_child components[1].tabs[0].child" + unresolved, "unresolved_child components[1].tabs[2].more[0]" + unresolved,
				"unresolved_child components[1].tabs[2].more[1]" + unresolved, "unresolved_child components[1].tabs[3].more" + unresolved,
				"unresolved_child components[3].pages" + unresolved,
				"child_cycle components[id=root]: Child reference cycle detected: root -> root"}},
		"cycles through them": {tabsSchema, `[{"id":"root","component":"Tabs","tabs":[{"child":"m"}]},{"id":"m","component":"Modal","trigger":"root"}]`,
			[]string{"child_cycle components[id=m]: Child reference cycle detected: m -> root -> m"}},
		"everything at once": {tabsSchema, `[{"component":"Nope","child":"x"},{"id":"a","component":"Column","child":"a"}]`,
			[]string{"missing_id components[0].id: Component at index 0 is missing a string 'id'",
				"unknown_component components[0].component: Component type 'Nope' is not in the catalog",
				"unresolved_child components[0].child" + unresolved,
				"child_cycle components[id=a]: Child reference cycle detected: a -> a", "no_root components: No component has id 'root'"}},
	} {
		t.Run(name, func(t *testing.T) { wantLines(t, problemsOf(t, test.schema, test.components), test.want...) })
	}
}

func TestWhatIsWrongIsToldUpToALimit(t *testing.T) {
	long := strings.Repeat("é", 2000)
	var many strings.Builder
	for i := range 200 {
		fmt.Fprintf(&many, `,{"id":"%s%d","component":"A","children":["none %d","%s%d"]}`, long, i, i, long, (i+1)%200)
	}
	got := problemsOf(t, "", `[{"id":"a","component":"A"}`+many.String()+`]`)
	if len(got) != 100 {
		t.Errorf("%d problems", len(got))
	}
	got = problemsOf(t, "", `[{"id":"root","component":"A","child":"`+long+`"},{"id":"`+long+`1","component":"A","child":"`+long+`1"}]`)
	for _, line := range got {
		if len(line) > 2100 || !strings.Contains(line, "…") {
			t.Errorf("%d bytes: %s", len(line), line[:80])
		}
	}
}
