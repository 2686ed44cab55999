package main

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// testRefusals tests what CloudFormation refuses before it makes anything.
func testRefusals(t *testing.T, parsed *template) {
	const network = " VpcId=vpc-12345678 SubnetIds=subnet-1,subnet-2"
	key := " SessionKey=" + strings.Repeat("k", 32)
	for parameters, refusal := range map[string]string{
		"Auth=none":                              "",
		"Auth=everybody":                         "Auth is none of its values",
		"Auth=token AuthTokens":                  "",
		"Auth=session" + key:                     "",
		"Auth=session SessionKey=short":          "SessionKey has 32 characters at least",
		"Auth=token":                             "set AuthTokens",
		"Auth=session":                           "set SessionKey",
		"Auth=none AuthTokens":                   "AuthTokens has an effect",
		"Auth=token" + key:                       "set AuthTokens SessionKey has an effect",
		"Auth=oidc OidcIssuer OidcAudience":      "",
		"Auth=oidc OidcIssuer":                   "set OidcAudience",
		"Auth=oidc":                              "set OidcIssuer OidcAudience",
		"Auth=token AuthTokens OidcIssuer":       "OidcIssuer has an effect",
		"Auth=platform":                          "",
		"Auth=none" + key:                        "SessionKey has an effect",
		"Auth=session SessionOldKey=short" + key: "SessionOldKey has 32 characters at least",
		"Auth=none SessionOldKey=" + strings.Repeat("k", 32):                "SessionOldKey has an effect",
		"Auth=none Store=redis":                                             "Store is redis",
		"Auth=none Store=redis RedisUrl":                                    "",
		"Auth=none Store=redis Cache=yes" + network:                         "",
		"Auth=none Store=memory":                                            "",
		"Auth=none Store=memory RedisUrl":                                   "Store is memory",
		"Auth=none Store=postgres":                                          "set PostgresUrlReference",
		"Auth=none Store=postgres PostgresUrlReference":                     "",
		"Auth=none PostgresUrlReference":                                    "if Store is postgres only",
		"Auth=none Store=postgres PostgresUrlReference Cache=yes" + network: "Cache have no effect",
		"Auth=none Cache=yes":                                               "set VpcId set SubnetIds",
		"Auth=none Cache=yes SubnetIds=subnet-1":                            "set VpcId",
		"Auth=none Cache=yes VpcId=vpc-12345678":                            "set SubnetIds",
		"Auth=none Cache=yes RedisUrl" + network:                            "RedisUrl and RedisUrlReference have no effect",
		"Auth=none Cache=yes SecurityGroupIds=sg-1" + network:               "SecurityGroupIds has no effect",
		"Auth=none SubnetIds=subnet-1":                                      "SubnetIds needs SecurityGroupIds",
		"Auth=none SecurityGroupIds=sg-1":                                   "SecurityGroupIds needs SubnetIds",
		"Auth=none SubnetIds=subnet-1 SecurityGroupIds=sg-1":                "",
		"Auth=none SubnetIds=subnet-1;subnet-2":                             "SubnetIds has the ids of subnets",
		"Auth=none VpcId=default":                                           "VpcId is the id of a VPC",
		"Auth=none ThreadRetention=forever":                                 "",
		"Auth=none ThreadRetention=0h":                                      "ThreadRetention is a number of hours",
		"Auth=none ThreadRetention=30d":                                     "ThreadRetention is a number of hours",
		"Auth=none MaxConcurrency=0":                                        "",
		"Auth=none MaxConcurrency=many":                                     "MaxConcurrency is a number",
		"Auth=none AlarmEmail=me":                                           "AlarmEmail is an address",
		"Auth=session IntelligenceApiKey" + key:                             "",
		"Auth=session IntelligenceApiKeyReference" + key:                    "",
		"Auth=none IntelligenceApiKey":                                      "need users: set Auth",
		"Auth=none IntelligenceApiKeyReference":                             "need users: set Auth",
		"Auth=platform IntelligenceApiKey Store=memory":                     "leave Store at dynamodb",
		"Auth=platform IntelligenceApiKeyReference RedisUrl":                "leave Store at dynamodb",
		"Auth=platform IntelligenceApiKey Cache=yes" + network:              "leave Store at dynamodb",
		"Auth=platform IntelligenceApiKey OnConcurrentRun=supersede":        "OnConcurrentRun has no effect",
		"Auth=platform IntelligenceApiUrl=https://i.example":                "need IntelligenceApiKeyReference",
		"Auth=platform IntelligenceMemory=read":                             "need IntelligenceApiKeyReference",
		"Auth=platform IntelligenceApiKey IntelligenceApiUrl=ws://i":        "IntelligenceApiUrl begins with https://",
		"Auth=none MemorySize=64":                                           "MemorySize is out of bounds",
		"Auth=none CacheMaxEcpuPerSecond=10":                                "CacheMaxEcpuPerSecond is out of bounds",
		"Auth=none RestApi=maybe":                                           "RestApi is none of its values",
		"Auth=none ThreadRetention=9999999h":                                "ThreadRetention is a number of hours",
		"Auth=none OidcUserClaim=email OidcScopes":                          "OidcUserClaim has an effect OidcScopes has",
		"Auth=oidc OidcIssuer OidcAudience OidcUserClaim=email OidcScopes":  "",
		"Auth=none AlbArn":                                                  "AlbArn has an effect",
		"Auth=platform AlbArn":                                              "",
		"Auth=token AuthTokens PublicThreads=on":                            "PublicThreads has an effect",
		"Auth=none PublicThreads=on":                                        "",
		"Auth=none SessionSameSite=strict":                                  "SessionSameSite has an effect",
		"Auth=session SessionSameSite=strict" + key:                         "",
		"Auth=none CorsCredentials=on":                                      "set CorsOrigins to the origins",
		"Auth=none CorsCredentials=on CorsOrigins=off":                      "set CorsOrigins to the origins",
		"Auth=none CorsCredentials=on CorsOrigins":                          "",
		"Auth=none Model=openai/gpt-4o":                                     "set OpenAiApiKeyReference",
		"Auth=none Model=openai/gpt-4o OpenAiApiKey":                        "",
		"Auth=none Model=anthropic/x AnthropicApiKey":                       "",
		"Auth=none Model=openai/gpt-4o OpenAiApiKeyReference":               "",
	} {
		given := parse(parameters)
		if given["Model"] == "" {
			given["Model"] = "demo"
		}
		said := strings.Join(newStack(t, parsed, given).refusals(), " ")
		for word := range strings.FieldsSeq(refusal) {
			if !strings.Contains(said, word) {
				t.Errorf("%s: refused with %q, want %q", parameters, said, refusal)
			}
		}
		if refusal == "" && said != "" {
			t.Errorf("%s: refused with %q", parameters, said)
		}
	}
}

// threadStores and frontDoors are the parameters that bear on each other, with values of each.
// The template's rules are about those of threadStores.
var threadStores = [][]string{
	{"Auth=none", "Auth=session", "Auth=session SessionKey=0123456789abcdef0123456789abcdef", "Auth=oidc OidcIssuer=https://id.example OidcAudience=a"},
	{"", "Store=postgres", "Store=postgres PostgresUrlReference=db:SecretString", "Store=redis", "Store=memory", "IntelligenceApiKeyReference=i:SecretString IntelligenceMemory=read", "IntelligenceApiKey=k Store=memory"},
	{"", "RedisUrl=redis://cache.example:6379/0", "RedisUrlReference=db:SecretString", "Cache=yes"},
	{"", "SubnetIds=subnet-1", "SubnetIds=subnet-1,subnet-2 SecurityGroupIds=sg-1", "SubnetIds=subnet-1,subnet-2 VpcId=vpc-12345678", "SecurityGroupIds=sg-1"},
}

var frontDoors = [][]string{
	{"RestApi=no", "RestApi=yes", "RestApi=both"},
	{"", "FunctionUrlAuth=AWS_IAM"},
	{"", "LambdaResponse=buffered"},
	{"OpenAiApiKey=k", "Model=bedrock/m,bedrock/n ThreadRetention=forever MaxConcurrency=5 AlarmEmail=a@b.c GroqApiKeyReference=g:SecretString"},
}

// combinations calls do with each combination of the rest's choices.
func combinations(rest [][]string, chosen string, do func(parameters string)) {
	if len(rest) == 0 {
		do(chosen)
		return
	}
	for _, choice := range rest[0] {
		combinations(rest[1:], chosen+" "+choice, do)
	}
}

// mayWork says which combinations make sense, in other words than the template's rules.
func mayWork(given map[string]string) bool {
	if given["Auth"] == "session" && given["SessionKey"] == "" {
		return false
	}
	if given["IntelligenceApiKey"]+given["IntelligenceApiKeyReference"] != "" && (given["Auth"] == "none" || given["Store"] != "" || given["Cache"]+given["RedisUrl"]+given["RedisUrlReference"] != "") {
		return false
	}
	redis := given["RedisUrl"] != "" || given["RedisUrlReference"] != ""
	cache, network, groups := given["Cache"] != "", given["SubnetIds"] != "", given["SecurityGroupIds"] != ""
	switch given["Store"] {
	case "postgres":
		if given["PostgresUrlReference"] == "" || redis || cache {
			return false
		}
	case "redis":
		if !redis && !cache {
			return false
		}
	case "memory":
		if redis || cache {
			return false
		}
	}
	if cache {
		return network && given["VpcId"] != "" && !groups && !redis
	}
	return network == groups
}

// testCombinations tests what holds for every combination of parameters.
func testCombinations(t *testing.T, parsed *template, cfnLint *checker) {
	combinations(threadStores, "", func(parameters string) {
		given := parse(parameters)
		refused := newStack(t, parsed, parse(parameters+" Model=demo")).refusals()
		if (len(refused) == 0) != mayWork(given) {
			t.Errorf("%s: refused with %q", parameters, refused)
		}
		if len(refused) == 0 {
			combinations(frontDoors, parameters, func(parameters string) { testCombination(t, parsed, parameters) })
		}
	})
	if t.Failed() {
		return
	}
	// What a few of them look like to CloudFormation, with all values in place.
	var files []string
	for _, parameters := range []string{
		"Auth=none",
		"Auth=none RestApi=yes LambdaResponse=buffered Cache=yes VpcId=vpc-12345678 SubnetIds=subnet-12345678,subnet-12345679 AlarmEmail=a@b.c MaxConcurrency=0",
		"Auth=none RestApi=both Model=bedrock/m,bedrock/arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc AlarmEmail=a@b.c MaxConcurrency=5",
		"Auth=platform IntelligenceApiKeyReference=i:SecretString IntelligenceApiUrl=https://i.example IntelligenceWsUrl=wss://i.example",
		"Auth=none FunctionUrlAuth=AWS_IAM Store=postgres PostgresUrlReference=db:SecretString SubnetIds=subnet-12345678 SecurityGroupIds=sg-12345678",
	} {
		rendered, err := json.Marshal(map[string]value{
			"AWSTemplateFormatVersion": "2010-09-09", "Transform": "AWS::Serverless-2016-10-31",
			"Resources": newStack(t, parsed, parse(parameters)).resources(),
		})
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, write(t, "stack.json", string(rendered)))
	}
	for _, got := range cfnLint.check(t, files...) {
		if len(got.Problems) > 0 {
			t.Errorf("a stack isn't valid:\n%s", strings.Join(got.Problems, "\n"))
		}
	}
}

// testCombination tests what holds for a combination that isn't refused.
func testCombination(t *testing.T, parsed *template, parameters string) {
	t.Helper()
	given := parse(parameters)
	s := newStack(t, parsed, given)
	if refused := s.refusals(); len(refused) > 0 {
		t.Errorf("%s: refused with %q", parameters, refused)
	}
	there, outputs := s.resources(), s.outputs()
	if len(s.dangling) > 0 {
		t.Errorf("%s: something refers to %v, which isn't there", parameters, slices.Sorted(maps.Keys(s.dangling)))
	}
	if outputs["RuntimeUrl"] == nil {
		t.Errorf("%s: there is no address", parameters)
	}
	_, public := there["PublicUrl"]
	_, url := there["FunctionUrl"]
	if public != (given["RestApi"] != "yes" && given["FunctionUrlAuth"] == "") || url != (given["RestApi"] != "yes") {
		t.Errorf("%s: a Function URL: %t, which everybody may call: %t", parameters, url, public)
	}
	if err := readable(t, s.variables()); err != nil {
		t.Errorf("%s: the runtime says: %v", parameters, err)
	}
}

var (
	secrets   = regexp.MustCompile(`\{\{resolve:secretsmanager:[^}]*\}\}`)
	endpoints = regexp.MustCompile(`\$\{[^}]*\.Port\}`)
	names     = regexp.MustCompile(`\$\{[^}]*\}`)
)

// readable reports whether the runtime takes the function's variables, with values in
// place of those that CloudFormation fills in.
func readable(t *testing.T, variables map[string]value) error {
	t.Helper()
	var env []string
	for name, v := range variables {
		if object, ok := v.(map[string]value); ok {
			v = object["Fn::Sub"]
		}
		filled := v.(string)
		if name == "COPILOTKIT_STORE" {
			filled = secrets.ReplaceAllString(filled, "postgres://u@db.example/threads")
		}
		filled = secrets.ReplaceAllString(filled, "secret")
		filled = endpoints.ReplaceAllString(filled, "6379")
		env = append(env, name+"="+names.ReplaceAllString(filled, "name"))
	}
	_, err := bundle.Read(func() []string { return env }, nil)
	return err
}
