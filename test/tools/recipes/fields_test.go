package recipes

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// fields say what a kind of file may have. In testdata, "kind = Type" begins a file of a
// kind, and "Type: field=word" says what the fields of a type are. A word is text, number,
// yes (true or false), scalar (text or a number), the name of a type, or one of these after
// [] for a list and {} for a map.
type fields struct {
	kinds map[string]string
	types map[string]map[string]string
}

func readFields(t *testing.T, name string) fields {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	f := fields{kinds: map[string]string{}, types: map[string]map[string]string{}}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if kind, name, found := strings.Cut(line, " = "); found {
			f.kinds[kind] = name
			continue
		}
		name, list, _ := strings.Cut(line, ":")
		f.types[name] = map[string]string{}
		for field := range strings.FieldsSeq(list) {
			key, word, _ := strings.Cut(field, "=")
			f.types[name][key] = word
		}
	}
	return f
}

// check returns what is wrong with a file of a kind.
func (f fields) check(kind string, file any) (wrong []string) {
	of, ok := f.kinds[kind]
	if !ok {
		return []string{"there is no kind " + kind}
	}
	return f.value(kind, of, file)
}

func (f fields) value(at, word string, value any) (wrong []string) {
	if item, ok := strings.CutPrefix(word, "[]"); ok {
		list, ok := value.([]any)
		if !ok {
			return []string{at + " isn't a list"}
		}
		for i, element := range list {
			wrong = append(wrong, f.value(fmt.Sprintf("%s[%d]", at, i), item, element)...)
		}
		return wrong
	}
	item, isMap := strings.CutPrefix(word, "{}")
	if of := f.types[word]; of != nil || isMap {
		object, ok := value.(map[string]any)
		if !ok {
			return []string{at + " isn't an object"}
		}
		for _, key := range slices.Sorted(maps.Keys(object)) {
			field := item
			if !isMap {
				if field, ok = of[key]; !ok {
					wrong = append(wrong, fmt.Sprintf("%s has no field %q", at, key))
					continue
				}
			}
			wrong = append(wrong, f.value(at+"."+key, field, object[key])...)
		}
		return wrong
	}
	if !isScalar(word, value) {
		return []string{fmt.Sprintf("%s is %v (%T), and should be: %s", at, value, value, word)}
	}
	return nil
}

func isScalar(word string, value any) bool {
	switch value.(type) {
	case string:
		return word == "text" || word == "scalar"
	case bool:
		return word == "yes"
	case int, int64, float64:
		return word == "number" || word == "scalar"
	}
	return false
}

func TestFieldsFindMistakes(t *testing.T) {
	kubernetes := readFields(t, "kubernetes.txt")
	for name, c := range map[string]struct{ yaml, want string }{
		"a field that there isn't": {"spec: {replica: 1}", `apps/v1 Deployment.spec has no field "replica"`},
		"one in a list": {"spec: {template: {spec: {containers: [{ports: [{containerport: 1}]}]}}}",
			`apps/v1 Deployment.spec.template.spec.containers[0].ports[0] has no field "containerport"`},
		"a number for a text":       {"spec: {template: {spec: {containers: [{env: [{name: A, value: 1}]}]}}}", "apps/v1 Deployment.spec.template.spec.containers[0].env[0].value is 1 (int), and should be: text"},
		"an object for a list":      {"spec: {template: {spec: {containers: {}}}}", "apps/v1 Deployment.spec.template.spec.containers isn't a list"},
		"a list for an object":      {"spec: []", "apps/v1 Deployment.spec isn't an object"},
		"a text for yes or no":      {"spec: {paused: maybe}", "apps/v1 Deployment.spec.paused is maybe (string), and should be: yes"},
		"a wrong value in a map":    {"metadata: {labels: {app: 1}}", "apps/v1 Deployment.metadata.labels.app is 1 (int), and should be: text"},
		"nothing where all is well": {"metadata: {name: a}\nspec: {replicas: 1, template: {spec: {containers: [{resources: {limits: {cpu: 1, memory: 1Mi}}}]}}}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			documents := decodeYAML(t, c.yaml)
			if got := strings.Join(kubernetes.check("apps/v1 Deployment", documents[0]), "\n"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	if got := kubernetes.check("apps/v2 Deployment", nil); len(got) != 1 {
		t.Errorf("a kind that there isn't: %v", got)
	}
}
