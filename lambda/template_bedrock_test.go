package main

import (
	"strings"
	"testing"
)

// testBedrock tests which models of Amazon Bedrock the function's role may use.
func testBedrock(t *testing.T, parsed *template) {
	model := func(id string) string { return "arn:aws:bedrock:eu-west-1::foundation-model/" + id }
	profile := func(id string) string { return "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/" + id }
	const own = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc"
	for name, test := range map[string]struct {
		model string
		// ids are the models that the role may use, and their profiles.
		direct, through [2]string
	}{
		"another provider's":   {model: "openai/gpt-4o"},
		"the embedded one":     {model: "demo"},
		"a foundation model":   {"bedrock/amazon.nova-lite-v1:0", [2]string{model("amazon.nova-lite-v1:0") + " " + profile("amazon.nova-lite-v1:0")}, [2]string{profile("amazon.nova-lite-v1:0")}},
		"an inference profile": {"bedrock/eu.anthropic.claude-sonnet-4-6", [2]string{model("eu.anthropic.claude-sonnet-4-6") + " " + profile("eu.anthropic.claude-sonnet-4-6")}, [2]string{profile("eu.anthropic.claude-sonnet-4-6")}},
		"an ARN":               {"bedrock/" + own, [2]string{own}, [2]string{own}},
		"the first of a list":  {"bedrock/m,openai/gpt-4o", [2]string{model("m") + " " + profile("m")}, [2]string{profile("m")}},
		"the last of a list":   {"openai/gpt-4o,bedrock/m", [2]string{model("m") + " " + profile("m")}, [2]string{profile("m")}},
		"both of a list":       {"bedrock/m,bedrock/" + own, [2]string{model("m") + " " + profile("m"), own}, [2]string{profile("m"), own}},
	} {
		t.Run(name, func(t *testing.T) {
			there := newStack(t, parsed, map[string]string{"Auth": "none", "Model": test.model}).resources()
			for i, resource := range []string{"BedrockModel", "SecondBedrockModel"} {
				policy, has := there[resource]
				if has != (test.direct[i] != "") {
					t.Errorf("%s is there: %v", resource, has)
				}
				if !has {
					continue
				}
				if policy.Type != "AWS::IAM::RolePolicy" {
					t.Fatalf("%s is a %q", resource, policy.Type)
				}
				statements := policy.Properties["PolicyDocument"].(map[string]value)["Statement"].([]value)
				first, second := statements[0].(map[string]value), statements[1].(map[string]value)
				var direct []string
				for _, arn := range first["Resource"].([]value) {
					direct = append(direct, arn.(string))
				}
				if got := strings.Join(direct, " "); got != test.direct[i] {
					t.Errorf("%s lets it use %s, want %s", resource, got, test.direct[i])
				}
				if got := second["Resource"]; got != "arn:aws:bedrock:*::foundation-model/*" {
					t.Errorf("%s lets it use %v", resource, got)
				}
				condition := second["Condition"].(map[string]value)["ArnEquals"].(map[string]value)["bedrock:InferenceProfileArn"]
				if condition != test.through[i] {
					t.Errorf("%s lets it use all models through %v, want %s", resource, condition, test.through[i])
				}
				for _, statement := range statements {
					if action := statement.(map[string]value)["Action"]; action != "bedrock:InvokeModelWithResponseStream" {
						t.Errorf("%s allows %v", resource, action)
					}
				}
			}
		})
	}
}
