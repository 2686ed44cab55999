package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsWrongWithTerraformFiles(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"nothing":                         {"variable \"a\" {\n  type = string\n}\n\noutput \"b\" {\n  value = var.a\n}\n", ""},
		"a brace that isn't closed":       {"variable \"a\" {\n", "Unclosed configuration block"},
		"a variable that isn't there":     {"output \"b\" {\n  value = var.a\n}\n", "there is no var.a"},
		"a resource that isn't there":     {"output \"b\" {\n  value = \"${aws_iam_role.x.arn}/y\"\n}\n", "there is no aws_iam_role.x"},
		"one in a block within another":   {"resource \"a\" \"b\" {\n  c {\n    d = a.e.f\n  }\n}\n", "there is no a.e"},
		"a line that terraform fmt moves": {"variable \"a\" {\n type = string\n}\n", "isn't formatted"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "main.tf"), []byte(test.content), 0o644); err != nil {
				t.Fatal(err)
			}
			problems, err := check(folder)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(problems, "\n"); !strings.Contains(got, test.want) || test.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheExampleIsRight(t *testing.T) {
	problems, err := check(filepath.Join("..", "..", "..", "examples", "infrastructure"))
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}
