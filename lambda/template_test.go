package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
	"github.com/copilotkit-go/runtime/core/model/anthropic"
	"github.com/copilotkit-go/runtime/core/model/gemini"
	"github.com/copilotkit-go/runtime/core/model/openai"
	"github.com/copilotkit-go/runtime/core/model/responses"
	"github.com/copilotkit-go/runtime/core/static"
	"github.com/copilotkit-go/runtime/core/store/dynamodb"
)

var (
	// overrides is a command with parameters of a template, to the end of its last line.
	overrides = regexp.MustCompile(`(?m)--parameter-overrides (?:.*\\\n)*.*$|(?s)parameter_overrides = \[.*?\n\]`)
	assigned  = regexp.MustCompile(`(?:^|[\s'"])([A-Z][A-Za-z]+)=`)
)

func TestTheTemplate(t *testing.T) {
	t.Parallel()
	cfnLint := startChecker(t)
	all := cfnLint.check(t, "../template.yaml", "../examples/infrastructure/cloudfront.yaml", "../examples/infrastructure/domain.yaml", "../examples/infrastructure/site.yaml")
	for _, got := range all {
		if len(got.Problems) > 0 {
			t.Fatalf("a template isn't valid:\n%s", strings.Join(got.Problems, "\n"))
		}
	}
	parsed := all[0].Template
	usual := newStack(t, parsed, parse("Auth=none"))
	function := usual.resources()["Function"].Properties

	t.Run("the function is small, quick to start, and may stream for fifteen minutes", func(t *testing.T) {
		for name, want := range map[string]value{"Runtime": "provided.al2023", "MemorySize": "128", "Timeout": "900", "CodeUri": "dist/lambda-arm64.zip"} {
			if got := function[name]; got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		if got := text(t, function["Architectures"]); got != `["arm64"]` {
			t.Errorf("the architectures are %s", got)
		}
		if got := usual.resources()["FunctionUrl"].Properties["InvokeMode"]; got != "RESPONSE_STREAM" {
			t.Errorf("the Function URL answers by %v", got)
		}
	})
	t.Run("its variables are the runtime's, and leave room within Lambda's 4 KB", func(t *testing.T) {
		var env []string
		size := 0
		for name, v := range usual.variables() {
			env = append(env, name+"=?")
			size += len(name) + len(text(t, v))
		}
		_, err := bundle.Read(func() []string { return env }, nil)
		if err == nil || strings.Contains(err.Error(), "no such variable") {
			t.Errorf("reading them gives: %v", err)
		}
		if len(env) < 15 || size > 2048 {
			t.Errorf("there are %d with %d bytes", len(env), size)
		}
	})
	t.Run("the keys of all providers come from Secrets Manager", func(t *testing.T) {
		all := map[string]string{}
		for _, provider := range slices.Concat(openai.Providers(), responses.Providers(), anthropic.Providers(), gemini.Providers()) {
			if provider.KeyVariable != "" {
				all[provider.KeyVariable] = ""
			}
		}
		given := parse("Auth=none")
		for name := range parsed.Parameters {
			if strings.HasSuffix(name, "ApiKeyReference") {
				given[name] = name + ":SecretString"
			}
		}
		variables := newStack(t, parsed, given).variables()
		for name := range all {
			if got, _ := variables[name].(string); !strings.HasPrefix(got, "{{resolve:secretsmanager:") {
				t.Errorf("%s is %q", name, got)
			}
		}
	})
	t.Run("another SecretsRevision changes the function, so that its secrets are read again", func(t *testing.T) {
		other := newStack(t, parsed, parse("Auth=none SecretsRevision=2")).resources()["Function"].Properties
		if text(t, other) == text(t, function) {
			t.Error("it stays as it is")
		}
	})
	t.Run("secrets aren't shown", func(t *testing.T) {
		for _, name := range []string{"OpenAiApiKey", "AnthropicApiKey", "GoogleApiKey", "IntelligenceApiKey", "RedisUrl", "Agents", "McpServers", "McpApps", "AuthTokens", "SessionKey", "SessionOldKey"} {
			if !parsed.Parameters[name].NoEcho {
				t.Errorf("%s is echoed", name)
			}
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
	})
	t.Run("every default is among what is allowed", func(t *testing.T) {
		given := maps.Clone(usual.parameters)
		given["OpenAiApiKey"] = "k" // the one thing that it can't do without
		if refused := newStack(t, parsed, given).refusals(); len(refused) > 0 {
			t.Error(refused)
		}
	})
	t.Run("the pages name parameters that there are", func(t *testing.T) {
		known := map[string]bool{}
		for _, got := range all {
			for name := range got.Template.Parameters {
				known[name] = true
			}
		}
		pages, err := filepath.Glob("../docs/*.md")
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range append(pages, "../README.md") {
			content, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			for _, command := range overrides.FindAllString(string(content), -1) {
				for _, match := range assigned.FindAllStringSubmatch(command, -1) {
					if !known[match[1]] {
						t.Errorf("%s sets %s", page, match[1])
					}
				}
			}
		}
	})
	t.Run("a front end in a bucket has the policy of one beside the routes", func(t *testing.T) {
		if got := all[3].Template.Parameters["Policy"].Default; got != static.DefaultPolicy {
			t.Errorf("got  %v\nwant %s", got, static.DefaultPolicy)
		}
	})
	t.Run("a wrong one is noticed", func(t *testing.T) { testWrongTemplates(t, cfnLint) })
	t.Run("what can't work is refused before anything is made", func(t *testing.T) { testRefusals(t, parsed) })
	t.Run("every combination of parameters works or is refused", func(t *testing.T) { testCombinations(t, parsed, cfnLint) })
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
	t.Run("the table is what the store would make", func(t *testing.T) {
		table := parsed.Resources["ThreadTable"]
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
	})
	t.Run("threads outlive the stack", func(t *testing.T) {
		if table := parsed.Resources["ThreadTable"]; table.DeletionPolicy != "Retain" || table.UpdateReplacePolicy != "Retain" {
			t.Errorf("the table is %+v", table)
		}
		cache := newStack(t, parsed, parse("Auth=none Cache=yes VpcId=vpc-12345678 SubnetIds=subnet-1")).resources()["ThreadCache"].Properties
		if cache["FinalSnapshotName"] != "copilotkit-0a1b2c3d" {
			t.Errorf("the cache leaves the snapshot %v", cache["FinalSnapshotName"])
		}
	})
	t.Run("a platform that keeps the threads takes the place of every store", func(t *testing.T) {
		for parameters, key := range map[string]string{"IntelligenceApiKey=k": "k", "IntelligenceApiKeyReference=i:SecretString": "{{resolve:secretsmanager:i:SecretString}}"} {
			s := newStack(t, parsed, parse("Auth=platform "+parameters))
			variables := s.variables()
			if got := text(t, variables["CPK_INTELLIGENCE_API_KEY"]); !strings.Contains(got, key) {
				t.Errorf("with %s the key is %s", parameters, got)
			}
			if _, has := variables["COPILOTKIT_STORE"]; has {
				t.Errorf("with %s there is a store", parameters)
			}
			there := s.resources()
			if _, has := there["ThreadTable"]; has || strings.Contains(text(t, there["Role"].Properties), "dynamodb:") {
				t.Errorf("with %s there is a table, or a permission for it", parameters)
			}
		}
	})
	t.Run("threads are where the parameters say", func(t *testing.T) { testStores(t, parsed) })
	t.Run("a cache is reached by the function alone, and bounded", func(t *testing.T) {
		there := newStack(t, parsed, parse("Auth=none Cache=yes VpcId=vpc-12345678 SubnetIds=subnet-1,subnet-2")).resources()
		if got := text(t, there["CacheGroup"].Properties["SecurityGroupIngress"]); strings.Contains(got, "CidrIp") || !strings.Contains(got, `"FunctionGroup"`) {
			t.Errorf("the cache lets in %s", got)
		}
		if got, want := text(t, there["ThreadCache"].Properties["CacheUsageLimits"]), `{"DataStorage":{"Maximum":"1","Unit":"GB"},"ECPUPerSecond":{"Maximum":"5000"}}`; got != want {
			t.Errorf("its limits are %s", got)
		}
		if got, want := text(t, there["Function"].Properties["VpcConfig"]), `{"SecurityGroupIds":[{"Fn::GetAtt":["FunctionGroup","GroupId"]}],"SubnetIds":["subnet-1","subnet-2"]}`; got != want {
			t.Errorf("the function is in %s", got)
		}
	})
	t.Run("a REST API streams, and another LambdaResponse is another deployment of it", func(t *testing.T) {
		streaming := newStack(t, parsed, parse("Auth=none RestApi=yes")).resources()
		integration := text(t, streaming["ApiMethod"].Properties["Integration"])
		for _, want := range []string{`"STREAM"`, "2021-11-15/functions/${Function.Arn}/response-streaming-invocations"} {
			if !strings.Contains(integration, want) {
				t.Errorf("the integration has no %s: %s", want, integration)
			}
		}
		buffered := newStack(t, parsed, parse("Auth=none RestApi=yes LambdaResponse=buffered")).resources()
		if text(t, streaming["ApiStage"]) == text(t, buffered["ApiStage"]) {
			t.Error("the stage keeps its deployment")
		}
	})
	t.Run("a REST API takes the place of the Function URL, unless both are asked for", func(t *testing.T) {
		for api, doors := range map[string]string{"no": "FunctionUrl PublicInvoke PublicUrl", "yes": "ApiStage", "both": "ApiStage FunctionUrl PublicInvoke PublicUrl"} {
			s := newStack(t, parsed, parse("Auth=none RestApi="+api))
			there := s.resources()
			maps.DeleteFunc(there, func(name string, _ resource) bool {
				return !slices.Contains([]string{"FunctionUrl", "PublicInvoke", "PublicUrl", "ApiStage"}, name)
			})
			if got := strings.Join(slices.Sorted(maps.Keys(there)), " "); got != doors {
				t.Errorf("with RestApi=%s there are %s, want %s", api, got, doors)
			}
			if address := text(t, s.outputs()["RuntimeUrl"]); strings.Contains(address, "execute-api") != (api == "yes") || !strings.Contains(address, "/api/copilotkit") {
				t.Errorf("with RestApi=%s the address is %s", api, address)
			}
		}
	})
	t.Run("it takes requests of the size that the function takes by itself", func(t *testing.T) {
		if got, want := usual.variables()["COPILOTKIT_MAX_BODY_BYTES"], platforms.Lambda(func(string) string { return "" }).Defaults["COPILOTKIT_MAX_BODY_BYTES"]; got != want {
			t.Errorf("they may have %v bytes, want %s", got, want)
		}
	})
	t.Run("who gives an address is told of failures, by alarms that exist then only", func(t *testing.T) {
		for parameters, want := range map[string]string{
			"":                               "",
			"AlarmEmail=a@b.c":               "BusyAlarm CrashAlarm ThrottleAlarm UrlAlarm",
			"AlarmEmail=a@b.c RestApi=yes":   "ApiAlarm BusyAlarm CrashAlarm ThrottleAlarm",
			"AlarmEmail=a@b.c RestApi=both":  "ApiAlarm BusyAlarm CrashAlarm ThrottleAlarm UrlAlarm",
			"AlarmConcurrency=5 RestApi=yes": "",
		} {
			there := newStack(t, parsed, parse("Auth=none "+parameters)).resources()
			maps.DeleteFunc(there, func(_ string, r resource) bool { return r.Type != "AWS::CloudWatch::Alarm" })
			if got := strings.Join(slices.Sorted(maps.Keys(there)), " "); got != want {
				t.Errorf("with %q there are %q, want %q", parameters, got, want)
			}
		}
	})
	t.Run("concurrency is reserved if wanted", func(t *testing.T) {
		if function["ReservedConcurrentExecutions"] != nil {
			t.Errorf("by default it is %v", function["ReservedConcurrentExecutions"])
		}
		if got := newStack(t, parsed, parse("Auth=none MaxConcurrency=20")).resources()["Function"].Properties["ReservedConcurrentExecutions"]; got != "20" {
			t.Errorf("20 is %v", got)
		}
	})
}

// testStores tests where threads are.
func testStores(t *testing.T, parsed *template) {
	for parameters, want := range map[string]string{
		"":                                       `{"Fn::Sub":"dynamodb://${ThreadTable}?retention=2160h"}`,
		"Store=dynamodb ThreadRetention=forever": `{"Fn::Sub":"dynamodb://${ThreadTable}"}`,
		"Store=dynamodb ThreadRetention=720h":    `{"Fn::Sub":"dynamodb://${ThreadTable}?retention=720h"}`,
		"Store=memory":                           `"memory"`,
		"Store=postgres PostgresUrlReference":    `"{{resolve:secretsmanager:x}}"`,
		"Store=redis RedisUrl=redis://r":         `"redis://r"`,
		"Store=dynamodb RedisUrl=redis://r":      `"redis://r"`,
		"Store=dynamodb RedisUrlReference":       `"{{resolve:secretsmanager:x}}"`,
		"Cache=yes":                              `{"Fn::Sub":"rediss://${ThreadCache.Endpoint.Address}:${ThreadCache.Endpoint.Port}/0?cluster=true&retention=2160h"}`,
		"Cache=yes ThreadRetention=forever":      `{"Fn::Sub":"rediss://${ThreadCache.Endpoint.Address}:${ThreadCache.Endpoint.Port}/0?cluster=true"}`,
	} {
		s := newStack(t, parsed, parse("Auth=none "+parameters))
		if got := text(t, s.variables()["COPILOTKIT_STORE"]); got != want {
			t.Errorf("with %s the store is %s, want %s", parameters, got, want)
		}
		if _, has := s.resources()["ThreadTable"]; has != strings.Contains(want, "dynamodb") {
			t.Errorf("with %s there is a table: %t", parameters, has)
		}
	}
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

// testWrongTemplates tests that whatever is wrong in a template is found.
func testWrongTemplates(t *testing.T, cfnLint *checker) {
	good, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// With a wrong property of a function SAM's translator makes nothing of the template.
	for _, wrong := range [][]struct{ name, from, to, noticed string }{
		{{"a misspelt property of the function", "      MemorySize: !Ref MemorySize", "      MemorySise: 128", "MemorySise"}},
		{
			{"a reference to nothing", "RestApiId: !Ref Api\n", "RestApiId: !Ref Nothing\n", "Nothing"},
			{"a value of the wrong type", "RetentionInDays: !Ref LogRetentionDays", "RetentionInDays: [1]", "[1] is not of type"},
			{"a missing property", "PathPart: '{proxy+}'", "", "'PathPart' is a required property"},
		},
	} {
		changed := string(good)
		for _, mistake := range wrong {
			before := changed
			if changed = strings.Replace(changed, mistake.from, mistake.to, 1); changed == before {
				t.Fatalf("the template has no %q", mistake.from)
			}
		}
		problems := strings.Join(cfnLint.check(t, write(t, "template.yaml", changed))[0].Problems, "\n")
		for _, mistake := range wrong {
			if !strings.Contains(problems, mistake.noticed) {
				t.Errorf("nobody noticed %s: %s", mistake.name, problems)
			}
		}
	}
}
