package agui_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
)

// TestValidationAgreesWithTheSchemas changes valid inputs and events in one
// place, and compares with what the protocol's own schemas say; see
// testdata/schemas.mjs. What either version of the protocol accepts is accepted.
func TestValidationAgreesWithTheSchemas(t *testing.T) {
	data, err := os.ReadFile("testdata/schemas.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Bases   [][2]json.RawMessage `json:"bases"`
		Changes [][5]json.RawMessage `json:"changes"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, base := range file.Bases {
		if err := validate(string(base[0]), base[1]); err != nil {
			t.Errorf("%s: %v", base[1], err)
		}
	}
	for _, c := range file.Changes {
		var index, accepts int
		var path []any
		var what any
		var issue *string
		for i, into := range []any{&index, &path, &what, &accepts, &issue} {
			if err := json.Unmarshal(c[i], into); err != nil {
				t.Fatal(err)
			}
		}
		kind := string(file.Bases[index][0])
		var value any
		if err := json.Unmarshal(file.Bases[index][1], &value); err != nil {
			t.Fatal(err)
		}
		changed, err := json.Marshal(change(value, path, what))
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("base %d, %s = %s", index, c[1], c[2])
		last := ""
		if len(path) > 0 {
			last = fmt.Sprint(path[len(path)-1])
		}
		switch err := validate(kind, changed); {
		case accepts == 2 && kind == `"input"` && what == "absent" && (last == "tools" || last == "context" || last == "protocolVersion"):
			// Only an input that says it is of version 1.0 may leave these out.
			if err == nil {
				t.Errorf("%s: accepted", name)
			}
		case kind == `"event"` && what == "absent" && last == "role" && strings.Contains(string(changed), "REASONING_MESSAGE_START"):
			// The protocol's own chunk expansion leaves the role out.
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case accepts == 0 && err == nil && strings.HasSuffix(string(c[1]), `"content",1,"id"]`):
			// A part's id is new: beside what else only version 1.0 knows, too, it may
			// be anything, and is carried.
		case accepts != 0 && err != nil:
			t.Errorf("%s: %v, and the schemas accept it (%d)", name, err, accepts)
		case accepts == 0 && err == nil:
			t.Errorf("%s: accepted, and the schemas have an issue at %q", name, *issue)
		case accepts == 0 && last == "protocolVersion":
			// A version that is none leaves tools and context required.
		case accepts == 0:
			var invalid *agui.ValidationError
			if !errors.As(err, &invalid) {
				t.Errorf("%s: %v is no ValidationError", name, err)
			} else if !slices.ContainsFunc(invalid.Issues, func(i agui.Issue) bool { return strings.HasPrefix(i.Path, *issue) }) {
				t.Errorf("%s: issues %v, and the schemas have it at %q", name, invalid, *issue)
			}
		}
	}
}

func validate(kind string, data []byte) error {
	if kind == `"input"` {
		_, err := agui.UnmarshalRunAgentInput(data)
		return err
	}
	_, err := agui.UnmarshalEvent(data)
	return err
}

// change puts what at a path of value; "absent" takes away what is there.
func change(value any, path []any, what any) any {
	if len(path) == 0 {
		return what
	}
	switch parent := value.(type) {
	case map[string]any:
		name := path[0].(string)
		if len(path) == 1 && what == "absent" {
			delete(parent, name)
		} else {
			parent[name] = change(parent[name], path[1:], what)
		}
	case []any:
		i := int(path[0].(float64))
		if len(path) == 1 && what == "absent" {
			return slices.Delete(parent, i, i+1)
		}
		parent[i] = change(parent[i], path[1:], what)
	}
	return value
}
