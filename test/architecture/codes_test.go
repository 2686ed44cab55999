package architecture_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// operations is the page that says what each code means, a row each.
const operations = root + "/docs/operations.md"

func TestThePageForOperatorsHasEveryCode(t *testing.T) {
	page, err := os.ReadFile(operations)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## What each code means\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var listed []string
	for _, match := range regexp.MustCompile("(?m)^\\| `([A-Za-z_]+)`[^|]*\\|").FindAllStringSubmatch(section, -1) {
		listed = append(listed, match[1])
	}
	codes := codesOfSource(t)
	if len(codes) < 40 {
		t.Errorf("only %d codes were found: %q", len(codes), codes)
	}
	codes["internal_error"] = "core/answer.go" // the error of an answer without a code
	for code, place := range codes {
		if !slices.Contains(listed, code) {
			t.Errorf("docs/operations.md has no row for %s (%s)", code, place)
		}
	}
	for _, code := range listed {
		if codes[code] == "" {
			t.Errorf("docs/operations.md has a row for %s, which nothing sends", code)
		}
	}
}

// codesOfSource returns the codes of errors that clients are sent, each with a place where it
// stands in the source: the constants whose names or types say so, and the literals of
// fields named Code.
func codesOfSource(t *testing.T) map[string]string {
	t.Helper()
	codes := make(map[string]string)
	files := token.NewFileSet()
	err := filepath.WalkDir(root+"/core", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(filepath.Dir(path), "test") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		note := func(expression ast.Expr, prefix string) {
			if literal, ok := expression.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if code, err := strconv.Unquote(literal.Value); err == nil && code != "" {
					codes[prefix+code] = files.Position(literal.Pos()).String()
				}
			}
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.ValueSpec:
				for i, name := range node.Names {
					kind, _ := node.Type.(*ast.Ident)
					switch {
					case i >= len(node.Values):
					case strings.HasPrefix(strings.ToLower(name.Name), "code"), strings.HasSuffix(name.Name, "Code"), kind != nil && strings.HasSuffix(kind.Name, "Code"):
						note(node.Values[i], "")
					case kind != nil && kind.Name == "Limit":
						note(node.Values[i], "limit_")
					}
				}
			case *ast.KeyValueExpr:
				if key, ok := node.Key.(*ast.Ident); ok && key.Name == "Code" {
					note(node.Value, "")
				}
			case *ast.AssignStmt:
				for i, target := range node.Lhs {
					if field, ok := target.(*ast.SelectorExpr); ok && field.Sel.Name == "Code" && len(node.Lhs) == len(node.Rhs) {
						note(node.Rhs[i], "")
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}
