package main

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store/dynamodb"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

// value is a value of a template: JSON.
type value = any

// template is the template that CloudFormation gets.
type template struct {
	Parameters map[string]struct {
		Default value
		NoEcho  bool
		// AllowedValues is nil if any value is allowed.
		AllowedValues []value
	}
	Conditions map[string]value
	Rules      map[string]struct {
		RuleCondition value
		Assertions    []struct {
			Assert            value
			AssertDescription string
		}
	}
	Resources map[string]struct {
		Type, Condition, DeletionPolicy, UpdateReplacePolicy string
		Properties                                           map[string]value
	}
	Outputs map[string]struct{ Value value }
}

// checkTemplate checks the template with the tools that deploy it, and returns it. It
// also uses the published SAM schema, if SAM_SCHEMA names it.
func checkTemplate(t *testing.T, file string) (*template, string, error) {
	t.Helper()
	checker := platformtest.Tool(t, "..", "aws/check-template.mjs")
	platformtest.Tool(t, "..", "aws/node_modules")
	command := exec.Command("node", checker, file)
	var complaints strings.Builder
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		return nil, complaints.String(), err
	}
	parsed := &template{}
	if err := json.Unmarshal(output, parsed); err != nil {
		t.Fatal(err)
	}
	return parsed, complaints.String(), nil
}

func TestTheTemplate(t *testing.T) {
	t.Parallel()
	parsed, complaints, err := checkTemplate(t, "../template.yaml")
	if err != nil || complaints != "" {
		t.Fatalf("the template isn't valid: %v\n%s", err, complaints)
	}
	function := parsed.Resources["Function"].Properties
	// resolve returns the default of a parameter.
	resolve := func(v value) value {
		if reference, ok := v.(map[string]value); ok {
			if name, ok := reference["Ref"].(string); ok {
				return parsed.Parameters[name].Default
			}
		}
		return v
	}

	t.Run("the function is small, quick to start, and may stream for fifteen minutes", func(t *testing.T) {
		for name, want := range map[string]value{"Runtime": "provided.al2023", "MemorySize": 128.0, "Timeout": 900.0, "CodeUri": "dist/lambda-arm64.zip"} {
			if got := resolve(function[name]); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		if got := text(t, function["Architectures"]); got != `["arm64"]` {
			t.Errorf("the architectures are %s", got)
		}
		if got := text(t, function["FunctionUrlConfig"]); !strings.Contains(got, "RESPONSE_STREAM") {
			t.Errorf("the Function URL is %s", got)
		}
	})
	t.Run("its variables are the runtime's", func(t *testing.T) {
		variables, _ := function["Environment"].(map[string]value)["Variables"].(map[string]value)
		var env []string
		for name := range variables {
			env = append(env, name+"=?")
		}
		_, err := bundle.Read(func() []string { return env }, nil)
		if err == nil || strings.Contains(err.Error(), "no such variable") {
			t.Errorf("reading them gives: %v", err)
		}
		if len(env) < 15 {
			t.Errorf("there are only %d", len(env))
		}
	})
	t.Run("secrets aren't shown", func(t *testing.T) {
		for _, name := range []string{"OpenAiApiKey", "AnthropicApiKey", "GoogleApiKey", "RedisUrl", "Agents", "AuthTokens", "SessionKey"} {
			if !parsed.Parameters[name].NoEcho {
				t.Errorf("%s is echoed", name)
			}
		}
		if key := text(t, function["Environment"]); !strings.Contains(key, "{{resolve:secretsmanager:") {
			t.Errorf("no key comes from Secrets Manager: %s", key)
		}
	})
	t.Run("whoever deploys it is asked who may call", func(t *testing.T) {
		auth := parsed.Parameters["Auth"]
		if auth.Default != nil {
			t.Errorf("Auth is %v by default", auth.Default)
		}
		for _, allowed := range auth.AllowedValues {
			mode := allowed.(string)
			_, err := bundle.Read(func() []string { return []string{"COPILOTKIT_AUTH=" + mode} }, nil)
			if err != nil && strings.Contains(err.Error(), "is none of") {
				t.Errorf("the runtime doesn't know %s: %v", mode, err)
			}
		}
		for parameters, refusal := range map[string]string{
			"none ":                        "",
			"token AuthTokens":             "",
			"session SessionKey":           "",
			"token ":                       "set AuthTokens",
			"session ":                     "set SessionKey",
			"none AuthTokens":              "AuthTokens has an effect",
			"token SessionKey":             "set AuthTokens SessionKey has an effect",
			"oidc OidcIssuer,OidcAudience": "",
			"oidc OidcIssuer":              "set OidcAudience",
			"oidc ":                        "set OidcIssuer OidcAudience",
			"token AuthTokens,OidcIssuer":  "OidcIssuer has an effect",
			"platform ":                    "",
			"none SessionKey":              "SessionKey has an effect",
			"none Store=redis":             "Store is redis",
			"none Store=redis,RedisUrl":    "",
			"none Store=redis,Cache=yes":   "",
			"none Store=dynamodb,Cache=no": "",
			"none Store=memory,Cache=no":   "",
			"none Store=memory,RedisUrl":   "Store is memory",
		} {
			mode, names, _ := strings.Cut(parameters, " ")
			given := map[string]string{"Auth": mode}
			for name := range strings.SplitSeq(names, ",") {
				name, value, _ := strings.Cut(name, "=")
				given[name] = cmp.Or(value, "x")
			}
			var refused []string
			for _, name := range slices.Sorted(maps.Keys(parsed.Rules)) {
				rule := parsed.Rules[name]
				if rule.RuleCondition == nil {
					continue // the checker's own
				}
				for _, assertion := range rule.Assertions {
					if holds(t, rule.RuleCondition, given, nil) && !holds(t, assertion.Assert, given, nil) {
						refused = append(refused, assertion.AssertDescription)
					}
				}
			}
			said := strings.Join(refused, " ")
			for word := range strings.FieldsSeq(refusal) {
				if !strings.Contains(said, word) {
					t.Errorf("%s: refused with %q, want %q", parameters, said, refusal)
				}
			}
			if refusal == "" && said != "" {
				t.Errorf("%s: refused with %q", parameters, said)
			}
		}
	})
	t.Run("the role may write to its own log, use its own table, and nothing else", func(t *testing.T) {
		policies := text(t, parsed.Resources["Role"].Properties["Policies"])
		allowed := []string{
			`{"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Effect":"Allow","Resource":{"Fn::Sub":"arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/copilotkit/${AWS::StackName}:*"}}`,
			`{"Action":["dynamodb:GetItem","dynamodb:PutItem","dynamodb:DeleteItem","dynamodb:BatchWriteItem","dynamodb:Query"],"Effect":"Allow","Resource":{"Fn::GetAtt":["ThreadTable","Arn"]}}`,
			`{"Action":"dynamodb:Query","Effect":"Allow","Resource":{"Fn::Sub":"${ThreadTable.Arn}/index/list"}}`,
		}
		for _, statement := range allowed {
			if !strings.Contains(policies, statement) {
				t.Errorf("the policies lack %s", statement)
			}
		}
		if strings.Count(policies, `"Action"`) != len(allowed) || !strings.Contains(policies, `{"Fn::If":["HasTable",`) {
			t.Errorf("the policies are %s", policies)
		}
		if parsed.Resources["LogGroup"].Properties["RetentionInDays"] == nil {
			t.Error("logs are kept forever")
		}
	})
	t.Run("the role may use the models on Bedrock that Model names, and no other", func(t *testing.T) { testBedrock(t, parsed) })
	t.Run("threads are in a table of its own, unless another place is named", func(t *testing.T) {
		table := parsed.Resources["ThreadTable"]
		if table.Type != "AWS::DynamoDB::Table" || table.Condition != "HasTable" || table.DeletionPolicy != "Retain" || table.UpdateReplacePolicy != "Retain" {
			t.Errorf("the table is %+v", table)
		}
		// What the store makes for itself, with create=true.
		made, err := json.Marshal(dynamodb.Table("threads"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode"} {
			var want map[string]value
			if err := json.Unmarshal(made, &want); err != nil {
				t.Fatal(err)
			}
			if got, want := text(t, table.Properties[name]), text(t, withoutNull(want[name])); got != want {
				t.Errorf("its %s is %s, want %s", name, got, want)
			}
		}
		if got := text(t, table.Properties["TimeToLiveSpecification"]); got != `{"AttributeName":"expires","Enabled":true}` {
			t.Errorf("its time to live is %s", got)
		}
		if table.Properties["TableName"] != nil || table.Properties["PointInTimeRecoverySpecification"] != nil {
			t.Errorf("it has a name or backups: %v", table.Properties)
		}
		variables := function["Environment"].(map[string]value)["Variables"].(map[string]value)
		for parameters, want := range map[string]string{
			"Store=dynamodb":                      `{"Fn::Sub":"dynamodb://${ThreadTable}"}`,
			"Store=dynamodb,ThreadRetention=720h": `{"Fn::Sub":"dynamodb://${ThreadTable}?retention=${ThreadRetention}"}`,
			"Store=memory":                        `"memory"`,
			"Store=postgres,PostgresUrlReference": `{"Fn::Sub":"{{resolve:secretsmanager:${PostgresUrlReference}}}"}`,
			"Store=redis,RedisUrl":                `{"Ref":"RedisUrl"}`,
			"Store=dynamodb,RedisUrl":             `{"Ref":"RedisUrl"}`,
			"Store=dynamodb,RedisUrlReference":    `{"Fn::Sub":"{{resolve:secretsmanager:${RedisUrlReference}}}"}`,
			"Store=dynamodb,Cache=yes":            `{"Fn::Sub":"rediss://${ThreadCache.Endpoint.Address}:${ThreadCache.Endpoint.Port}/0?cluster=true"}`,
		} {
			given := map[string]string{}
			for parameter := range strings.SplitSeq(parameters, ",") {
				name, value, _ := strings.Cut(parameter, "=")
				given[name] = cmp.Or(value, "x")
			}
			chosen := variables["COPILOTKIT_STORE"]
			for {
				choice, ok := chosen.(map[string]value)["Fn::If"].([]value)
				if !ok {
					break
				}
				if chosen = choice[2]; holds(t, parsed.Conditions[choice[0].(string)], given, parsed.Conditions) {
					chosen = choice[1]
				}
				if _, ok := chosen.(map[string]value); !ok {
					break
				}
			}
			if got := text(t, chosen); got != want {
				t.Errorf("with %s the store is %s, want %s", parameters, got, want)
			}
			if has := holds(t, parsed.Conditions["HasTable"], given, parsed.Conditions); has != strings.Contains(want, "dynamodb") {
				t.Errorf("with %s there is a table: %t", parameters, has)
			}
		}
		if parsed.Parameters["Store"].Default != "dynamodb" {
			t.Errorf("by default threads are in %v", parsed.Parameters["Store"].Default)
		}
	})
	t.Run("a REST API that streams can be put in front", func(t *testing.T) {
		integration := text(t, parsed.Resources["ApiMethod"].Properties["Integration"])
		for _, want := range []string{`"STREAM"`, "2021-11-15/functions/${Function.Arn}/response-streaming-invocations"} {
			if !strings.Contains(integration, want) {
				t.Errorf("the integration has no %s: %s", want, integration)
			}
		}
		for name, resource := range parsed.Resources {
			if strings.HasPrefix(name, "Api") && resource.Condition != "HasRestApi" {
				t.Errorf("%s is there even where nobody asked for it", name)
			}
		}
	})
	t.Run("a cache for the threads can be added, which only the function reaches", func(t *testing.T) {
		for name, kind := range map[string]string{"ThreadCache": "AWS::ElastiCache::ServerlessCache", "CacheGroup": "AWS::EC2::SecurityGroup", "FunctionGroup": "AWS::EC2::SecurityGroup"} {
			if got := parsed.Resources[name]; got.Type != kind || got.Condition != "HasCache" {
				t.Errorf("%s is a %q under the condition %q", name, got.Type, got.Condition)
			}
		}
		if got := text(t, parsed.Resources["CacheGroup"].Properties["SecurityGroupIngress"]); strings.Contains(got, "CidrIp") || !strings.Contains(got, `"FunctionGroup"`) && !strings.Contains(got, "FunctionGroup.GroupId") {
			t.Errorf("the cache lets in %s", got)
		}
		if got := text(t, function["Environment"]); !strings.Contains(got, "rediss://${ThreadCache.Endpoint.Address}:${ThreadCache.Endpoint.Port}/0?cluster=true") {
			t.Errorf("the function doesn't know the cache: %s", got)
		}
	})
	t.Run("the runtime's address is an output", func(t *testing.T) {
		if got := text(t, parsed.Outputs["RuntimeUrl"].Value); !strings.Contains(got, "${BasePath}") {
			t.Errorf("RuntimeUrl is %s", got)
		}
	})
}

// holds evaluates a condition with these parameters, the others being empty, and with
// the template's named conditions.
func holds(t *testing.T, condition value, parameters map[string]string, named map[string]value) bool {
	t.Helper()
	for function, argument := range condition.(map[string]value) {
		if function == "Condition" {
			return holds(t, named[argument.(string)], parameters, named)
		}
		operands := argument.([]value)
		switch function {
		case "Fn::Not":
			return !holds(t, operands[0], parameters, named)
		case "Fn::And", "Fn::Or":
			return slices.ContainsFunc(operands, func(operand value) bool {
				return holds(t, operand, parameters, named) == (function == "Fn::Or")
			}) == (function == "Fn::Or")
		case "Fn::Equals":
			return parameters[operands[0].(map[string]value)["Ref"].(string)] == operands[1]
		}
	}
	t.Fatalf("no such condition: %v", condition)
	return false
}

// withoutNull removes what isn't set.
func withoutNull(v value) value {
	switch v := v.(type) {
	case map[string]value:
		maps.DeleteFunc(v, func(_ string, v value) bool { return v == nil })
		for name := range v {
			v[name] = withoutNull(v[name])
		}
	case []value:
		for i := range v {
			v[i] = withoutNull(v[i])
		}
	}
	return v
}

func TestAWrongTemplateIsNoticed(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	wrong := []struct {
		name, from, to string
		// schema is set where only the SAM schema finds the error.
		schema bool
	}{
		{name: "a reference to nothing", from: "!Ref LogRetentionDays", to: "!Ref Nothing"},
		{name: "a value of the wrong type", from: "RetentionInDays: !Ref LogRetentionDays", to: "RetentionInDays: [1]"},
		{name: "a missing property", from: "PathPart: '{proxy+}'", to: ""},
		{name: "a misspelt property of the function", from: "      MemorySize: !Ref MemorySize", to: "      MemorySise: 128", schema: true},
	}
	for _, test := range wrong {
		if test.schema && os.Getenv("SAM_SCHEMA") == "" {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			changed := strings.Replace(string(good), test.from, test.to, 1)
			if changed == string(good) {
				t.Fatalf("the template has no %q", test.from)
			}
			file := t.TempDir() + "/template.yaml"
			if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, complaints, err := checkTemplate(t, file); err == nil && complaints == "" {
				t.Error("nobody noticed")
			}
		})
	}
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
