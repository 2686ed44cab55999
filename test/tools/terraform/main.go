// Command terraform checks the syntax of Terraform files, their layout, and that all they
// refer to is among them.
//
//	go run ./terraform FOLDER
//
// It knows nothing of providers: `terraform validate` does, which isn't to be had where
// the tests run.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: terraform FOLDER")
		os.Exit(2)
	}
	problems, err := check(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "terraform:", err)
		os.Exit(1)
	}
	for _, problem := range problems {
		fmt.Fprintln(os.Stderr, "terraform:", problem)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

// check returns what is wrong with the files of a folder.
func check(folder string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no Terraform files", folder)
	}
	var problems []string
	var bodies []*hclsyntax.Body
	parser := hclparse.NewParser()
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, diagnostics := parser.ParseHCL(content, name)
		if diagnostics.HasErrors() {
			problems = append(problems, diagnostics.Error())
			continue
		}
		if !bytes.Equal(hclwrite.Format(content), content) {
			problems = append(problems, name+" isn't formatted: terraform fmt")
		}
		bodies = append(bodies, file.Body.(*hclsyntax.Body))
	}
	declared := map[string]bool{}
	for _, body := range bodies {
		for _, block := range body.Blocks {
			switch block.Type {
			case "variable":
				declared["var."+block.Labels[0]] = true
			case "resource":
				declared[block.Labels[0]+"."+block.Labels[1]] = true
			}
		}
	}
	for _, body := range bodies {
		problems = append(problems, dangling(body, declared)...)
	}
	return problems, nil
}

// dangling returns the references to what isn't declared.
func dangling(body *hclsyntax.Body, declared map[string]bool) []string {
	var problems []string
	for _, attribute := range body.Attributes {
		// The types of variables are keywords.
		if attribute.Name == "type" {
			continue
		}
		for _, reference := range attribute.Expr.Variables() {
			if name := nameOf(reference); !declared[name] {
				problems = append(problems, fmt.Sprintf("%s: there is no %s", reference.SourceRange(), name))
			}
		}
	}
	for _, block := range body.Blocks {
		problems = append(problems, dangling(block.Body, declared)...)
	}
	slices.Sort(problems)
	return problems
}

// nameOf returns the first two parts of a reference.
func nameOf(reference hcl.Traversal) string {
	name := reference.RootName()
	if len(reference) > 1 {
		if attribute, ok := reference[1].(hcl.TraverseAttr); ok {
			name += "." + attribute.Name
		}
	}
	return name
}
