package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/copilotkit-go/runtime/core/store/dynamodb"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

// What the CDK makes of its example has the types that it should, streams, and has the
// table that the store needs.
func TestTheCDKsExample(t *testing.T) {
	t.Parallel()
	packages := platformtest.Tool(t, "..", "aws/node_modules")
	folder := t.TempDir()
	if err := os.Symlink(packages, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../examples/infrastructure/cdk.ts")
	if err != nil {
		t.Fatal(err)
	}
	// As an ES module it would have Node load each of the CDK's modules.
	for name, content := range map[string]string{"cdk.ts": string(example), "package.json": "{}", "function.zip": "zip"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, arguments ...string) {
		t.Helper()
		command := exec.Command(name, arguments...)
		command.Dir = folder
		// The CDK's own validation gives no more than warnings.
		command.Env = append(os.Environ(), `CDK_CONTEXT_JSON={"zip":"function.zip","auth":"none"}`, "CDK_OUTDIR=made", "CDK_VALIDATION=false")
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, output)
		}
	}
	run(filepath.Join("node_modules", ".bin", "tsc"), "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022", "cdk.ts")
	run("node", "cdk.js")

	content, err := os.ReadFile(filepath.Join(folder, "made", "copilotkit.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var made template
	if err := json.Unmarshal(content, &made); err != nil {
		t.Fatal(err)
	}
	types := map[string]resource{}
	for _, r := range made.Resources {
		types[r.Type] = r
	}
	if got := types["AWS::Lambda::Url"].Properties["InvokeMode"]; got != "RESPONSE_STREAM" {
		t.Errorf("its Function URL answers by %v", got)
	}
	table := types["AWS::DynamoDB::Table"]
	if table.DeletionPolicy != "Retain" {
		t.Errorf("its table's deletion policy is %q", table.DeletionPolicy)
	}
	stores, err := json.Marshal(dynamodb.Table("threads"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]value
	if err := json.Unmarshal(stores, &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode"} {
		if got, want := text(t, table.Properties[name]), text(t, withoutNull(want[name])); got != want {
			t.Errorf("its %s is %s, want %s", name, got, want)
		}
	}
}
