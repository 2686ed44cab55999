// Package recipes checks the files that the examples deploy with: whether their platforms
// would take them, and whether they fit this runtime.
package recipes

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v3"
)

const (
	root    = "../../.."
	example = root + "/examples/behind-python"
)

// object is a part of a file.
type object map[string]any

// at returns what is at a path of fields, nil if there is nothing. A field of a list is
// that of the element with this name, or this type.
func (o object) at(path ...string) any {
	var value any = map[string]any(o)
	for _, key := range path {
		switch inside := value.(type) {
		case map[string]any:
			value = inside[key]
		case []any:
			value = nil
			for _, element := range inside {
				if e, ok := element.(map[string]any); ok && (e["name"] == key || e["type"] == key) {
					value = e
				}
			}
		default:
			return nil
		}
	}
	return value
}

func (o object) text(path ...string) string { text, _ := o.at(path...).(string); return text }

func (o object) number(path ...string) int {
	switch number := o.at(path...).(type) {
	case int:
		return number
	case int64:
		return int(number)
	}
	return 0
}

// variables are those that the environment at a path sets: of Kubernetes' and Container
// Apps' form. One that comes from a secret has no value.
func (o object) variables(path ...string) map[string]string {
	variables := make(map[string]string)
	list, _ := o.at(path...).([]any)
	for _, element := range list {
		variable, _ := element.(map[string]any)
		name, _ := variable["name"].(string)
		variables[name], _ = variable["value"].(string)
	}
	return variables
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// decodeYAML returns the documents of a file.
func decodeYAML(t *testing.T, text string) (documents []any) {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var document any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return documents
		}
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, document)
	}
}

func decodeTOML(t *testing.T, text string) map[string]any {
	t.Helper()
	file := make(map[string]any)
	if _, err := toml.Decode(text, &file); err != nil {
		t.Fatal(err)
	}
	return plain(file).(map[string]any)
}

// plain makes lists of tables lists like all others.
func plain(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key := range value {
			value[key] = plain(value[key])
		}
	case []map[string]any:
		list := make([]any, len(value))
		for i := range value {
			list[i] = plain(value[i])
		}
		return list
	}
	return value
}

// manifests are the objects that kubectl apply -k makes of a folder, by kind and name.
func manifests(t *testing.T, folder string) map[string]object {
	t.Helper()
	all := make(map[string]object)
	kustomization := object(decodeYAML(t, read(t, filepath.Join(folder, "kustomization.yaml")))[0].(map[string]any))
	for key := range kustomization {
		if key != "apiVersion" && key != "kind" && key != "resources" {
			t.Fatalf("%s: %s is more than these tests understand", folder, key)
		}
	}
	resources, _ := kustomization["resources"].([]any)
	for _, resource := range resources {
		path := filepath.Join(folder, resource.(string))
		if !strings.HasSuffix(path, ".yaml") {
			for name, manifest := range manifests(t, path) {
				all[name] = manifest
			}
			continue
		}
		for _, document := range decodeYAML(t, read(t, path)) {
			manifest := object(document.(map[string]any))
			name := manifest.text("kind") + " " + manifest.text("metadata", "name")
			if all[name] != nil {
				t.Errorf("%s has %s twice", path, name)
			}
			all[name] = manifest
		}
	}
	return all
}

// known are the variables of the README's table, with its defaults.
func known(t *testing.T) map[string]string {
	t.Helper()
	_, table, _ := strings.Cut(read(t, root+"/README.md"), "<!-- variables: ")
	table, _, _ = strings.Cut(table, "<!-- end of variables -->")
	variables := make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|.*\\| ([^|]*) \\|$").FindAllStringSubmatch(table, -1) {
		variables[row[1]] = row[2]
	}
	if len(variables) < 20 {
		t.Fatalf("the README's table has the variables %v", variables)
	}
	return variables
}
