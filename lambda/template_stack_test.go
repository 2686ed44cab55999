package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// value is a value of a template: JSON.
type value = any

// template is a template of CloudFormation, with functions in their long form.
type template struct {
	Parameters map[string]parameter
	Conditions map[string]value
	Rules      map[string]struct {
		RuleCondition value
		Assertions    []struct {
			Assert            value
			AssertDescription string
		}
	}
	Resources map[string]resource
	Outputs   map[string]struct {
		Value     value
		Condition string
	}
}

type parameter struct {
	Default               value
	NoEcho                bool
	AllowedPattern        string
	ConstraintDescription string
	MinValue, MaxValue    *float64
	// AllowedValues is nil if any value is allowed.
	AllowedValues []value
}

type resource struct {
	Type                string
	Condition           string `json:",omitempty"`
	DeletionPolicy      string `json:",omitempty"`
	UpdateReplacePolicy string `json:",omitempty"`
	Properties          map[string]value
	// Metadata, and DependsOn, are what they are in the template.
	Metadata, DependsOn value `json:",omitempty"`
}

// stack is a template with values for its parameters. Functions of resources that it
// has are left as they are.
type stack struct {
	t        *testing.T
	template *template
	// given are parameters without the defaults of others.
	given, parameters map[string]string
	conditions        map[string]bool
	// dangling are the resources that something refers to and that aren't there.
	dangling map[string]bool
}

// newStack returns the stack with these parameters, and the defaults of all others.
func newStack(t *testing.T, parsed *template, given map[string]string) *stack {
	t.Helper()
	s := &stack{t: t, template: parsed, given: given, conditions: map[string]bool{}, dangling: map[string]bool{}, parameters: map[string]string{
		"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012", "AWS::StackName": "copilotkit", "AWS::URLSuffix": "amazonaws.com",
		"AWS::StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/copilotkit/0a1b2c3d-0000-11ee-8000-0a1b2c3d4e5f",
	}}
	for name, parameter := range parsed.Parameters {
		switch v := parameter.Default.(type) {
		case string:
			s.parameters[name] = v
		case float64:
			s.parameters[name] = strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	for name := range given {
		if _, known := parsed.Parameters[name]; !known && !strings.HasPrefix(name, "AWS::") {
			t.Fatalf("the template has no parameter %s", name)
		}
	}
	maps.Copy(s.parameters, given)
	return s
}

// refusals returns why CloudFormation refuses the parameters before it makes anything.
func (s *stack) refusals() []string {
	s.t.Helper()
	var refused []string
	for name, got := range s.given {
		parameter := s.template.Parameters[name]
		if parameter.AllowedValues != nil && !slices.ContainsFunc(parameter.AllowedValues, func(v value) bool { return fmt.Sprint(v) == got }) {
			refused = append(refused, name+" is none of its values")
		}
		if parameter.AllowedPattern != "" && !regexp.MustCompile("^(?:"+parameter.AllowedPattern+")$").MatchString(got) {
			refused = append(refused, name+" "+parameter.ConstraintDescription)
		}
		if number, err := strconv.ParseFloat(got, 64); parameter.MinValue != nil && (err != nil || number < *parameter.MinValue) ||
			parameter.MaxValue != nil && (err != nil || number > *parameter.MaxValue) {
			refused = append(refused, name+" is out of bounds")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.template.Rules)) {
		rule := s.template.Rules[name]
		for _, assertion := range rule.Assertions {
			if s.holds(rule.RuleCondition) && !s.holds(assertion.Assert) {
				refused = append(refused, assertion.AssertDescription)
			}
		}
	}
	return refused
}

// resources returns the resources that the stack has.
func (s *stack) resources() map[string]resource {
	s.t.Helper()
	there := map[string]resource{}
	for name, r := range s.template.Resources {
		if s.has(r.Condition) {
			properties, _ := s.evaluate(r.Properties).(map[string]value)
			there[name] = resource{Type: r.Type, DeletionPolicy: r.DeletionPolicy, UpdateReplacePolicy: r.UpdateReplacePolicy, Properties: properties, Metadata: r.Metadata}
			if needed, ok := r.DependsOn.(string); ok {
				s.refer(needed)
			}
		}
	}
	return there
}

// variables returns the environment of the function.
func (s *stack) variables() map[string]value {
	s.t.Helper()
	return s.evaluate(s.template.Resources["Function"].Properties["Environment"]).(map[string]value)["Variables"].(map[string]value)
}

// outputs returns the outputs that the stack has.
func (s *stack) outputs() map[string]value {
	s.t.Helper()
	there := map[string]value{}
	for name, output := range s.template.Outputs {
		if s.has(output.Condition) {
			there[name] = s.evaluate(output.Value)
		}
	}
	return there
}

// has reports whether a condition, "" for none, holds.
func (s *stack) has(condition string) bool {
	if condition == "" {
		return true
	}
	holds, known := s.conditions[condition]
	if !known {
		holds = s.holds(s.template.Conditions[condition])
		s.conditions[condition] = holds
	}
	return holds
}

func (s *stack) holds(condition value) bool {
	holds, ok := s.evaluate(condition).(bool)
	if !ok {
		s.t.Fatalf("no condition: %v", condition)
	}
	return holds
}

// noValue is what AWS::NoValue stands for.
type noValue struct{}

// evaluate returns what an expression is in the stack.
func (s *stack) evaluate(expression value) value {
	switch v := expression.(type) {
	case []value:
		list := make([]value, 0, len(v))
		for _, element := range v {
			if element = s.evaluate(element); element != (noValue{}) {
				list = append(list, element)
			}
		}
		return list
	case map[string]value:
		if len(v) == 1 {
			for function, argument := range v {
				if result, ok := s.call(function, argument); ok {
					return result
				}
			}
		}
		object := make(map[string]value, len(v))
		for name, field := range v {
			if field = s.evaluate(field); field != (noValue{}) {
				object[name] = field
			}
		}
		return object
	}
	return expression
}

// call returns what a function returns, and false if it isn't one.
func (s *stack) call(function string, argument value) (value, bool) {
	operands, _ := argument.([]value)
	switch function {
	case "Ref":
		name := argument.(string)
		if name == "AWS::NoValue" {
			return noValue{}, true
		}
		if parameter, ok := s.parameters[name]; ok {
			return parameter, true
		}
		s.refer(name)
		return map[string]value{"Ref": name}, true
	case "Fn::GetAtt":
		s.refer(operands[0].(string))
		return map[string]value{"Fn::GetAtt": operands}, true
	case "Condition":
		name, ok := argument.(string)
		if !ok {
			return nil, false // of a policy
		}
		return s.has(name), true
	case "Fn::Not":
		return !s.holds(operands[0]), true
	case "Fn::And", "Fn::Or":
		return slices.ContainsFunc(operands, func(operand value) bool { return s.holds(operand) == (function == "Fn::Or") }) == (function == "Fn::Or"), true
	case "Fn::Equals":
		return s.evaluate(operands[0]) == s.evaluate(operands[1]), true
	case "Fn::If":
		if s.has(operands[0].(string)) {
			return s.evaluate(operands[1]), true
		}
		return s.evaluate(operands[2]), true
	case "Fn::Split":
		text, ok := s.evaluate(operands[1]).(string)
		if !ok {
			return map[string]value{function: []value{operands[0], s.evaluate(operands[1])}}, true
		}
		var parts []value
		for part := range strings.SplitSeq(text, operands[0].(string)) {
			parts = append(parts, part)
		}
		return parts, true
	case "Fn::Select":
		list, ok := s.evaluate(operands[1]).([]value)
		if !ok {
			return map[string]value{function: []value{operands[0], s.evaluate(operands[1])}}, true
		}
		index, err := strconv.Atoi(fmt.Sprint(operands[0]))
		if err != nil || index >= len(list) {
			s.t.Fatalf("there is no element %v in %v", operands[0], list)
		}
		return list[index], true
	case "Fn::Join":
		var parts []string
		for _, part := range s.evaluate(operands[1]).([]value) {
			parts = append(parts, part.(string))
		}
		return strings.Join(parts, operands[0].(string)), true
	case "Fn::Sub":
		return s.substitute(argument), true
	}
	return nil, false
}

var substituted = regexp.MustCompile(`\$\{([^}]+)\}`)

// substitute returns a text, or, if it names resources, the function with what is left.
func (s *stack) substitute(argument value) value {
	text, variables := argument, map[string]value{}
	if list, ok := argument.([]value); ok {
		text, variables = list[0], list[1].(map[string]value)
	}
	left := map[string]value{}
	result := substituted.ReplaceAllStringFunc(text.(string), func(match string) string {
		name := match[2 : len(match)-1]
		if with, ok := variables[name]; ok {
			if known, ok := s.evaluate(with).(string); ok {
				return known
			}
			left[name] = s.evaluate(with)
			return match
		}
		if parameter, ok := s.parameters[name]; ok {
			return parameter
		}
		resource, _, _ := strings.Cut(name, ".")
		s.refer(resource)
		return match
	})
	switch {
	case len(left) > 0:
		return map[string]value{"Fn::Sub": []value{result, left}}
	case substituted.MatchString(result):
		return map[string]value{"Fn::Sub": result}
	}
	return result
}

// refer notes a reference to a resource that isn't there.
func (s *stack) refer(name string) {
	r, known := s.template.Resources[name]
	if !known {
		s.t.Fatalf("there is no %s", name)
	}
	if !s.has(r.Condition) {
		s.dangling[name] = true
	}
}

// parse reads parameters such as "Auth=none Cache=yes"; one without a value is x.
func parse(parameters string) map[string]string {
	given := map[string]string{}
	for parameter := range strings.FieldsSeq(parameters) {
		name, value, _ := strings.Cut(parameter, "=")
		given[name] = cmp.Or(value, "x")
	}
	return given
}

// write writes a template to a file of its own.
func write(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func text(t *testing.T, v value) string {
	t.Helper()
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}
