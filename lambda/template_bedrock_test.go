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
			e := evaluator{t: t, conditions: parsed.Conditions, parameters: map[string]string{
				"Model": test.model, "AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012",
			}}
			for i, resource := range []string{"BedrockModel", "SecondBedrockModel"} {
				policy := parsed.Resources[resource]
				if policy.Type != "AWS::IAM::RolePolicy" {
					t.Fatalf("%s is a %q", resource, policy.Type)
				}
				if has := e.holds(parsed.Conditions[policy.Condition]); has != (test.direct[i] != "") {
					t.Errorf("%s is there: %v", resource, has)
					continue
				} else if !has {
					continue
				}
				statements := policy.Properties["PolicyDocument"].(map[string]value)["Statement"].([]value)
				first, second := statements[0].(map[string]value), statements[1].(map[string]value)
				var direct []string
				for _, arn := range e.evaluate(first["Resource"]).([]value) {
					direct = append(direct, e.evaluate(arn).(string))
				}
				if got := strings.Join(direct, " "); got != test.direct[i] {
					t.Errorf("%s lets it use %s, want %s", resource, got, test.direct[i])
				}
				if got := e.evaluate(second["Resource"]); got != "arn:aws:bedrock:*::foundation-model/*" {
					t.Errorf("%s lets it use %v", resource, got)
				}
				condition := second["Condition"].(map[string]value)["ArnEquals"].(map[string]value)["bedrock:InferenceProfileArn"]
				if got := e.evaluate(condition); got != test.through[i] {
					t.Errorf("%s lets it use all models through %v, want %s", resource, got, test.through[i])
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

// evaluator evaluates the functions of templates.
type evaluator struct {
	t          *testing.T
	conditions map[string]value
	parameters map[string]string
}

func (e evaluator) holds(condition value) bool {
	e.t.Helper()
	holds, ok := e.evaluate(condition).(bool)
	if !ok {
		e.t.Fatalf("no condition: %v", condition)
	}
	return holds
}

// evaluate returns the value that an expression has, and anything else as it is.
func (e evaluator) evaluate(expression value) value {
	e.t.Helper()
	object, ok := expression.(map[string]value)
	if !ok || len(object) != 1 {
		return expression
	}
	for function, argument := range object {
		operands, _ := argument.([]value)
		switch function {
		case "Ref":
			return e.parameters[argument.(string)]
		case "Fn::Not":
			return !e.holds(operands[0])
		case "Fn::Equals":
			return e.evaluate(operands[0]) == e.evaluate(operands[1])
		case "Fn::If":
			if e.holds(e.conditions[operands[0].(string)]) {
				return e.evaluate(operands[1])
			}
			return e.evaluate(operands[2])
		case "Fn::Split":
			var parts []value
			for part := range strings.SplitSeq(e.evaluate(operands[1]).(string), operands[0].(string)) {
				parts = append(parts, part)
			}
			return parts
		case "Fn::Select":
			list, index := e.evaluate(operands[1]).([]value), int(operands[0].(float64))
			if index >= len(list) {
				e.t.Fatalf("there is no element %d in %v", index, list)
			}
			return list[index]
		case "Fn::Sub":
			return e.substitute(argument)
		}
	}
	return expression
}

func (e evaluator) substitute(argument value) string {
	text, variables := argument, map[string]value{}
	if list, ok := argument.([]value); ok {
		text, variables = list[0], list[1].(map[string]value)
	}
	var pairs []string
	for name, with := range e.parameters {
		pairs = append(pairs, "${"+name+"}", with)
	}
	for name, with := range variables {
		pairs = append(pairs, "${"+name+"}", e.evaluate(with).(string))
	}
	return strings.NewReplacer(pairs...).Replace(text.(string))
}
