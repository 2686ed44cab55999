package bundle_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// env returns an environment in which everybody may call, unless entries say more.
func env(entries ...string) bundle.Env {
	return func() []string { return append([]string{"COPILOTKIT_AUTH=none"}, entries...) }
}

func TestDefaults(t *testing.T) {
	settings, err := bundle.Read(env(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := bundle.Settings{
		Model: "openai/gpt-4o", ModelIsDefault: true, BasePath: "/api/copilotkit",
		Gather: 25 * time.Millisecond, KeepAlive: 15 * time.Second,
		Auth: "none", SessionSameSite: http.SameSiteLaxMode, OIDCUserClaim: "sub",
		CORSOrigins: []string{"*"}, CORSMaxAge: 7200, MaxBodyBytes: 64 << 20, LogLevel: slog.LevelInfo, Port: 8080, Shutdown: 30 * time.Second,
		Credentials: map[string]bundle.Secret{},
	}
	if got := exported(*settings); !reflect.DeepEqual(got, exported(want)) {
		t.Errorf("got  %+v\nwant %+v", got, exported(want))
	}
}

func TestDeltasAreGatheredForLongerWhereEachWriteIsBilled(t *testing.T) {
	for entries, want := range map[string]time.Duration{
		"COPILOTKIT_STORE=redis://127.0.0.1":                                    25 * time.Millisecond,
		"COPILOTKIT_STORE=dynamodb://threads":                                   250 * time.Millisecond,
		"COPILOTKIT_STORE=dynamodb://threads COPILOTKIT_GATHER_MILLISECONDS=40": 40 * time.Millisecond,
		"COPILOTKIT_STORE=dynamodb://threads COPILOTKIT_GATHER_MILLISECONDS=0":  0,
	} {
		settings, err := bundle.Read(env(strings.Fields(entries)...), nil)
		if err != nil || settings.Gather != want {
			t.Errorf("%s: %+v, %v, want %v", entries, settings, err, want)
		}
	}
}

func TestAgentCoreSendsAllRequestsToOnePath(t *testing.T) {
	for entries, want := range map[string]string{
		"": "/invocations single-route CORS off, requests of 1h0m0s",
		"COPILOTKIT_CORS_ORIGINS=* COPILOTKIT_MAX_REQUEST_SECONDS=900":                   "/invocations single-route CORS [*], requests of 15m0s",
		"COPILOTKIT_BASE_PATH=/invocations COPILOTKIT_ENDPOINT=single-route":             "/invocations single-route CORS off, requests of 1h0m0s",
		"COPILOTKIT_BASE_PATH=/api":                                                      "COPILOTKIT_BASE_PATH: with COPILOTKIT_AGENTCORE=on it is /invocations",
		"COPILOTKIT_ENDPOINT=multi-route":                                                "COPILOTKIT_ENDPOINT: with COPILOTKIT_AGENTCORE=on it is single-route",
		"COPILOTKIT_STATIC=dist":                                                         "COPILOTKIT_STATIC: with COPILOTKIT_AGENTCORE=on nothing reaches a front end: AgentCore passes on requests to /invocations alone. Serve the files elsewhere",
		"COPILOTKIT_AGENTCORE=off COPILOTKIT_BASE_PATH=/api COPILOTKIT_CORS_ORIGINS=off": "/api multi-route CORS off, requests of 0s",
	} {
		got := ""
		s, err := bundle.Read(env(append([]string{"COPILOTKIT_AGENTCORE=on"}, strings.Fields(entries)...)...), nil)
		if err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprintf("%s %s CORS %v, requests of %v", s.BasePath, map[bool]string{true: "single-route", false: "multi-route"}[s.SingleRoute], s.CORSOrigins, s.MaxRequest)
			got = strings.Replace(got, "[]", "off", 1)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", entries, got, want)
		}
	}
}

func TestAgentCoreIsRefusedWhereNothingAnswersIt(t *testing.T) {
	entries := []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none"}
	_, err := bundle.New(t.Context(), env(append(entries, "COPILOTKIT_AGENTCORE=on")...), bundle.WithoutAgentCore())
	if envErr := (*bundle.EnvError)(nil); !errors.As(err, &envErr) || envErr.Name != "COPILOTKIT_AGENTCORE" || !strings.Contains(err.Error(), "the container image alone") {
		t.Errorf("got %v", err)
	}
	runtime, err := bundle.New(t.Context(), env(append(entries, "COPILOTKIT_AGENTCORE=off")...), bundle.WithoutAgentCore())
	if err != nil {
		t.Fatal(err)
	}
	if err := runtime.Close(); err != nil {
		t.Error(err)
	}
}

// exported returns the fields of s that callers can see.
func exported(s bundle.Settings) map[string]any {
	fields := make(map[string]any)
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			fields[f.Name] = v.Field(i).Interface()
		}
	}
	return fields
}

func TestEveryVariableIsTakenOver(t *testing.T) {
	settings, err := bundle.Read(env(
		"OPENAI_API_KEY=sk-1", "OPENAI_BASE_URL=http://127.0.0.1:9001/v1", "ANTHROPIC_API_KEY=sk-2",
		"COPILOTKIT_MODEL=anthropic/claude-sonnet-4", "COPILOTKIT_PROMPT=Be\nbrief = good.", "COPILOTKIT_MAX_STEPS=5",
		`COPILOTKIT_AGENTS={"research":{"url":"https://a.example/run?x=1","headers":{"x-api-key":"k"}}}`,
		"COPILOTKIT_FORWARD_AUTHORIZATION=research",
		"COPILOTKIT_STORE=redis://user:pass@cache:6379/1", "COPILOTKIT_BASE_PATH=/copilot", "COPILOTKIT_ENDPOINT=single-route",
		"COPILOTKIT_CORS_ORIGINS=https://a.example, http://localhost:3000", "COPILOTKIT_CORS_CREDENTIALS=on", "COPILOTKIT_CORS_MAX_AGE_SECONDS=60", "COPILOTKIT_TRANSCRIPTION_MODEL=whisper-1",
		"COPILOTKIT_ON_DISCONNECT=cancel", "COPILOTKIT_ON_STORE_FAILURE=fail", "COPILOTKIT_ON_CONCURRENT_RUN=supersede", "COPILOTKIT_THREAD_NAMES=on", "COPILOTKIT_MAX_BODY_BYTES=4096", "COPILOTKIT_LAMBDA_RESPONSE=buffered",
		"COPILOTKIT_ENV=development", "COPILOTKIT_LOG_LEVEL=debug", "PORT=0",
		"COPILOTKIT_DRAIN_SECONDS=5", "COPILOTKIT_SHUTDOWN_SECONDS=6", "COPILOTKIT_MAX_REQUEST_SECONDS=240",
		"COPILOTKIT_LIMIT_RUNS_PER_MINUTE=20", "COPILOTKIT_LIMIT_CONCURRENT_RUNS=5", "COPILOTKIT_LIMIT_TOKENS_PER_DAY=5000000000", "COPILOTKIT_ON_LIMIT_FAILURE=allow",
		"COPILOTKIT_STATIC=/srv/my app", "COPILOTKIT_STATIC_CSP=img-src *",
		"COPILOTKIT_TELEMETRY_DISABLED=true", "HOME=/root",
	), nil)
	if err != nil {
		t.Fatal(err)
	}
	research := settings.Agents["research"]
	checks := map[string][2]any{
		"model":         {settings.Model, "anthropic/claude-sonnet-4"},
		"default model": {settings.ModelIsDefault, false},
		"openai key":    {settings.Credentials["OPENAI_API_KEY"].Reveal(), "sk-1"},
		"base url":      {settings.Credentials["OPENAI_BASE_URL"].Reveal(), "http://127.0.0.1:9001/v1"},
		"anthropic key": {settings.Credentials["ANTHROPIC_API_KEY"].Reveal(), "sk-2"},
		"unset key":     {settings.Credentials["GOOGLE_API_KEY"].Reveal(), ""},
		"prompt":        {settings.Prompt, "Be\nbrief = good."},
		"max steps":     {settings.MaxSteps, 5},
		"agent url":     {research.URL.Reveal(), "https://a.example/run?x=1"},
		"agent header":  {research.Headers["X-Api-Key"].Reveal(), "k"},
		"forwarding":    {fmt.Sprint(settings.ForwardAuthorization), "[research]"},
		"store":         {settings.Store.Reveal(), "redis://user:pass@cache:6379/1"},
		"store scheme":  {settings.Store.Scheme(), "redis"},
		"base path":     {settings.BasePath, "/copilot"},
		"single route":  {settings.SingleRoute, true},
		"origins":       {fmt.Sprint(settings.CORSOrigins), "[https://a.example http://localhost:3000]"},
		"credentials":   {settings.CORSCredentials, true},
		"preflights":    {settings.CORSMaxAge, 60},
		"transcription": {settings.TranscriptionModel, "whisper-1"},
		"on disconnect": {settings.CancelOnDisconnect, true},
		"store failure": {settings.FailOnStoreFailure, true},
		"concurrent":    {settings.SupersedeRuns, true},
		"thread names":  {settings.NameThreads, true},
		"body":          {settings.MaxBodyBytes, int64(4096)},
		"lambda":        {settings.LambdaBuffered, true},
		"development":   {settings.Development, true},
		"log level":     {settings.LogLevel, slog.LevelDebug},
		"port":          {settings.Port, 0},
		"drain":         {settings.Drain, 5 * time.Second},
		"shutdown":      {settings.Shutdown, 6 * time.Second},
		"max request":   {settings.MaxRequest, 4 * time.Minute},
		"runs a minute": {settings.LimitRunsPerMinute, 20},
		"runs at once":  {settings.LimitConcurrentRuns, 5},
		"tokens a day":  {settings.LimitTokensPerDay, int64(5_000_000_000)},
		"uncounted":     {settings.AllowUncounted, true},
		"front end":     {settings.Static, "/srv/my app"},
		"its policy":    {settings.StaticPolicy, "img-src *"},
	}
	for name, check := range checks {
		if check[0] != check[1] {
			t.Errorf("%s: got %v, want %v", name, check[0], check[1])
		}
	}
}

func TestRemoteAgentsAsAList(t *testing.T) {
	settings, err := bundle.Read(env("COPILOTKIT_AGENTS=a=http://one/x=y,  b=https://two"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(settings.Agents) != 2 || settings.Agents["a"].URL.Reveal() != "http://one/x=y" || settings.Agents["b"].URL.Reveal() != "https://two" {
		t.Errorf("got %v", settings.Agents)
	}
}

func TestMCPServersAndWhereAgentsConnect(t *testing.T) {
	settings, err := bundle.Read(env(
		`COPILOTKIT_MCP_SERVERS={"docs":{"url":"https://docs.example/sse","transport":"sse","headers":{"authorization":"Bearer k"}}}`,
		`COPILOTKIT_AGENTS={"elsewhere":{"url":"https://elsewhere.example/run","connectUrl":"https://elsewhere.example/connect"}}`,
	), nil)
	if err != nil {
		t.Fatal(err)
	}
	docs := settings.MCPServers["docs"]
	if docs.URL.Reveal() != "https://docs.example/sse" || docs.Transport != "sse" || docs.Headers["Authorization"].Reveal() != "Bearer k" {
		t.Errorf("got %v", settings.MCPServers)
	}
	if got := settings.Agents["elsewhere"].ConnectURL.Reveal(); got != "https://elsewhere.example/connect" {
		t.Errorf("the agent connects at %q", got)
	}
}

func TestApplicationsOfMCPServers(t *testing.T) {
	settings, err := bundle.Read(env(
		`COPILOTKIT_MCP_APPS={"map":{"url":"https://map.example/mcp","agentId":"guide","serverId":"old-map","headers":{"x-key":"k"},`+
			`"oauth":{"tokenUrl":"https://id.example/token","clientId":"runtime","clientSecret":"hunter22","scopes":["a","b"],"audience":"c","resource":"d"}},`+
			`"budget":{"url":"https://budget.example/mcp"}}`,
		"COPILOTKIT_FORWARD_AUTHORIZATION=budget",
	), nil)
	if err != nil {
		t.Fatal(err)
	}
	app := settings.MCPApps["map"]
	if app.URL.Reveal() != "https://map.example/mcp" || app.AgentID != "guide" || app.ServerID != "old-map" || app.Headers["X-Key"].Reveal() != "k" {
		t.Errorf("got %v", settings.MCPApps)
	}
	if o := app.OAuth; o.TokenURL.Reveal() != "https://id.example/token" || o.ClientID != "runtime" || o.ClientSecret.Reveal() != "hunter22" || len(o.Scopes) != 2 || o.Audience != "c" || o.Resource != "d" {
		t.Errorf("got %v", o)
	}
	if shown := fmt.Sprintf("%v %+v %#v", settings.MCPApps, settings.MCPApps, settings.MCPApps); strings.Contains(shown, "hunter22") {
		t.Errorf("printed as %s", shown)
	}
	runtime, err := bundle.New(t.Context(), env("COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none", "COPILOTKIT_MCP_APPS=map=https://map.example/mcp,budget=https://map.example/mcp"))
	if err != nil {
		t.Fatalf("two servers at one address: %v", err)
	}
	runtime.Close()
	_, err = bundle.New(t.Context(), env("COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none", "COPILOTKIT_MCP_APPS=map=https://u:hunter22@map.example/mcp"))
	if envErr := (*bundle.EnvError)(nil); !errors.As(err, &envErr) || envErr.Name != "COPILOTKIT_MCP_APPS" || strings.Contains(err.Error(), "hunter22") {
		t.Errorf("a user in the URL: %v", err)
	}
}

func TestDefaultsYieldToTheEnvironment(t *testing.T) {
	defaults := map[string]string{"COPILOTKIT_ENV": "development", "PORT": "9000"}
	settings, err := bundle.Read(env("PORT=9001", "COPILOTKIT_MODEL="), defaults)
	if err != nil {
		t.Fatal(err)
	}
	if !settings.Development || settings.Port != 9001 || settings.Model != "openai/gpt-4o" {
		t.Errorf("got %+v", settings)
	}
}

func TestABadValueIsAnErrorThatNamesTheVariable(t *testing.T) {
	tests := map[string]struct{ entry, want string }{
		"a misspelt variable":               {"COPILOTKIT_MODLE=demo", "did you mean COPILOTKIT_MODEL?"},
		"a variable nobody knows":           {"COPILOTKIT_FLUX_CAPACITOR=1", "no such variable"},
		"a model without a provider":        {"COPILOTKIT_MODEL=gpt-4o", `"gpt-4o" is not of the form "provider/model"`},
		"a model without a name":            {"COPILOTKIT_MODEL=openai/", "provider/model"},
		"a model of an unknown provider":    {"COPILOTKIT_MODEL=opneai/gpt-4o", `unknown provider "opneai"`},
		"a key with a line end":             {"OPENAI_API_KEY=sk-secret\n", "white space"},
		"a base URL without a scheme":       {"OPENAI_BASE_URL=api.example.com", "http://"},
		"a base URL of another scheme":      {"OPENAI_BASE_URL=ftp://api.example.com", "http://"},
		"no step at all":                    {"COPILOTKIT_MAX_STEPS=0", "from 1 to 1000"},
		"steps in words":                    {"COPILOTKIT_MAX_STEPS=two", `"two" is not a whole number`},
		"an agent without an address":       {"COPILOTKIT_AGENTS=research", "name=url"},
		"an agent without a name":           {"COPILOTKIT_AGENTS==http://a", "not a name"},
		"an agent named twice":              {"COPILOTKIT_AGENTS=a=http://a,a=http://b", "twice"},
		"an agent with half an address":     {"COPILOTKIT_AGENTS=a=b.example/run", `"a": not an address`},
		"agents as broken JSON":             {`COPILOTKIT_AGENTS={"a":{"url":"http://a"`, "not a JSON object"},
		"agents with an unknown JSON field": {`COPILOTKIT_AGENTS={"a":{"url":"http://a","header":{}}}`, `no such option: "header"`},
		"agents followed by something":      {`COPILOTKIT_AGENTS={} {}`, "not a JSON object"},
		"an agent with a transport":         {`COPILOTKIT_AGENTS={"a":{"url":"http://a","transport":"sse"}}`, "connectUrl"},
		"an agent with half a connectUrl":   {`COPILOTKIT_AGENTS={"a":{"url":"http://a","connectUrl":"a"}}`, "connectUrl: not an address"},
		"an MCP server of an odd transport": {`COPILOTKIT_MCP_SERVERS={"a":{"url":"http://a","transport":"stdio"}}`, `"stdio" is neither`},
		"an MCP server with half a URL":     {"COPILOTKIT_MCP_SERVERS=a=b", `"a": not an address`},
		"an MCP server with an agent":       {`COPILOTKIT_MCP_SERVERS={"a":{"url":"http://a","agentId":"b"}}`, "the fields are url, headers, transport and oauth"},
		"an agent with OAuth":               {`COPILOTKIT_AGENTS={"a":{"url":"http://a","oauth":{}}}`, "the fields are url, headers, connectUrl"},
		"OAuth without an endpoint":         {`COPILOTKIT_MCP_APPS={"a":{"url":"http://a","oauth":{"clientId":"b","clientSecret":"hunter22"}}}`, "oauth: tokenUrl: not an address"},
		"OAuth without a secret":            {`COPILOTKIT_MCP_APPS={"a":{"url":"http://a","oauth":{"tokenUrl":"http://b","clientId":"c"}}}`, "clientId and clientSecret are needed"},
		"OAuth beside an Authorization":     {`COPILOTKIT_MCP_SERVERS={"a":{"url":"http://a","headers":{"authorization":"x"},"oauth":{"tokenUrl":"http://b","clientId":"c","clientSecret":"hunter22"}}}`, "beside oauth"},
		"an agent with a split header":      {`COPILOTKIT_AGENTS={"a":{"url":"http://a","headers":{"x":"1\r\ny: 2"}}}`, "header"},
		"a store of no scheme":              {"COPILOTKIT_STORE=redis", "neither memory nor"},
		"a base path without a slash":       {"COPILOTKIT_BASE_PATH=api", "must start with a slash"},
		"a base path with a pattern":        {"COPILOTKIT_BASE_PATH=/a{b", "must not have braces"},
		"a base path with two slashes":      {"COPILOTKIT_BASE_PATH=//api", "must not have empty segments"},
		"a base path that goes back":        {"COPILOTKIT_BASE_PATH=/api/../b", "must not have empty segments"},
		"a base path with a query":          {"COPILOTKIT_BASE_PATH=/api?x", "must only be a path"},
		"an unknown endpoint":               {"COPILOTKIT_ENDPOINT=multi", "neither multi-route nor single-route"},
		"an origin with a path":             {"COPILOTKIT_CORS_ORIGINS=https://a.example/", "not an origin"},
		"an unknown name to forward to":     {"COPILOTKIT_FORWARD_AUTHORIZATION=nobody", `"nobody" is neither an agent of COPILOTKIT_AGENTS nor`},
		"an empty name to forward to":       {"COPILOTKIT_FORWARD_AUTHORIZATION=*,", "empty name"},
		"forwarding that is off and on":     {"COPILOTKIT_FORWARD_AUTHORIZATION=off,*", "off stands alone"},
		"a star among origins":              {"COPILOTKIT_CORS_ORIGINS=*,https://a.example", "not an origin"},
		"credentials for all origins":       {"COPILOTKIT_CORS_CREDENTIALS=on", "needs a list of origins in COPILOTKIT_CORS_ORIGINS"},
		"a keep-alive of less than nothing": {"COPILOTKIT_SSE_KEEP_ALIVE_SECONDS=-1", "neither 0 nor a number of seconds"},
		"a keep-alive beyond all timers":    {"COPILOTKIT_SSE_KEEP_ALIVE_SECONDS=2147483.648", "neither 0 nor a number of seconds"},
		"a keep-alive that is a flood":      {"COPILOTKIT_SSE_KEEP_ALIVE_SECONDS=1e-9", "neither 0 nor a number of seconds"},
		"a keep-alive that is no number":    {"COPILOTKIT_SSE_KEEP_ALIVE_SECONDS=NaN", "neither 0 nor a number of seconds"},
		"debugging of another kind":         {`COPILOTKIT_DEBUG={"trace":true}`, `no such option: "trace"`},
		"debugging that isn't said so":      {`COPILOTKIT_DEBUG={"events":"yes"}`, "events has a value of the wrong kind"},
		"two objects":                       {`COPILOTKIT_DEBUG={}{}`, "neither on, off nor a JSON object"},
		"pages for a word":                  {"COPILOTKIT_OPEN_GENERATIVE_UI=true", "neither on, off nor a JSON object"},
		"pages for a name":                  {`COPILOTKIT_OPEN_GENERATIVE_UI={"agents":"default"}`, "agents has a value of the wrong kind"},
		"pages for nobody":                  {`COPILOTKIT_OPEN_GENERATIVE_UI={"agents":[]}`, "agents is empty"},
		"headers as a list":                 {"COPILOTKIT_FORWARD_HEADERS=x-one,x-two", "not a JSON object"},
		"headers by another rule":           {`COPILOTKIT_FORWARD_HEADERS={"permit":["x-one"]}`, `no such option: "permit"`},
		"headers of one connection":         {`COPILOTKIT_FORWARD_HEADERS={"allow":["x-one"," Accept-Encoding"]}`, `"accept-encoding" can't be passed on`},
		"headers that can't be":             {`COPILOTKIT_FORWARD_HEADERS={"deny":["x one"]}`, `"x one" is not the name of a header`},
		"credentials that are true":         {"COPILOTKIT_CORS_CREDENTIALS=true", "neither off nor on"},
		"an unknown disconnect policy":      {"COPILOTKIT_ON_DISCONNECT=stop", "neither continue nor cancel"},
		"a body size with a unit":           {"COPILOTKIT_MAX_BODY_BYTES=10MB", "whole number"},
		"an unknown Lambda response":        {"COPILOTKIT_LAMBDA_RESPONSE=streaming", "neither stream nor buffered"},
		"an unknown environment":            {"COPILOTKIT_ENV=staging", "neither production nor development"},
		"a policy of two headers":           {"COPILOTKIT_STATIC_CSP=img-src *\r\nSet-Cookie: a=b", "one line"},
		"an unknown log level":              {"COPILOTKIT_LOG_LEVEL=WARN", "none of debug"},
		"a port out of range":               {"PORT=65536", "from 0 to 65535"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := bundle.Read(env(test.entry), nil)
			var envErr *bundle.EnvError
			if !errors.As(err, &envErr) {
				t.Fatalf("got %v, want an *EnvError", err)
			}
			variable, _, _ := strings.Cut(test.entry, "=")
			if envErr.Name != variable || !strings.HasPrefix(err.Error(), variable+": ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want %s and %q in it", err, variable, test.want)
			}
		})
	}
}

func TestCredentialsNeedAListOfOrigins(t *testing.T) {
	for origins, fine := range map[string]bool{"https://a.example": true, "https://a.example,https://b.example": true, "loopback": false, "*": false, "off": false, "": false} {
		_, err := bundle.Read(env("COPILOTKIT_CORS_CREDENTIALS=on", "COPILOTKIT_CORS_ORIGINS="+origins), nil)
		if (err == nil) != fine {
			t.Errorf("with the origins %q: %v", origins, err)
		}
	}
}

func TestAllBadValuesAreReportedAtOnce(t *testing.T) {
	_, err := bundle.Read(env("PORT=x", "COPILOTKIT_ENV=x", "COPILOTKIT_STOER=x"), nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, variable := range []string{"PORT", "COPILOTKIT_ENV", "COPILOTKIT_STOER"} {
		if !strings.Contains(err.Error(), variable+": ") {
			t.Errorf("%s is missing from %q", variable, err)
		}
	}
}

func TestSecretsNeverShow(t *testing.T) {
	const secret = "hunter2"
	settings, err := bundle.Read(env(
		"OPENAI_API_KEY="+secret, "OPENAI_BASE_URL=https://u:"+secret+"@api.example/v1",
		"COPILOTKIT_STORE=redis://u:"+secret+"@cache:6379?password="+secret,
		`COPILOTKIT_AGENTS={"a":{"url":"https://u:`+secret+`@a.example?key=`+secret+`","headers":{"Authorization":"Bearer `+secret+`"}}}`,
	), nil)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("settings", "all", settings, "value", *settings, "key", settings.Credentials["OPENAI_API_KEY"], "store", settings.Store)
	}
	marshalled, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	shown := log.String() + string(marshalled) + fmt.Sprintf("%v %+v %#v %s", settings, *settings, settings, settings.Agents)
	if strings.Contains(shown, secret) {
		t.Errorf("the secret shows in %s", shown)
	}

	for _, entry := range []string{
		"OPENAI_API_KEY=" + secret + " ", "OPENAI_BASE_URL=u:" + secret + "@x",
		"COPILOTKIT_STORE=redis://u:" + secret + "@x:bad", "COPILOTKIT_STORE=" + secret,
		"COPILOTKIT_AGENTS=a=" + secret + "://b", `COPILOTKIT_AGENTS={"a":{"headers":{"x":"` + secret + `"},"url":3}}`,
	} {
		_, err := bundle.Read(env(entry), nil)
		if err == nil {
			t.Errorf("%s: no error", entry)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the secret shows in %q", err)
		}
	}
}
