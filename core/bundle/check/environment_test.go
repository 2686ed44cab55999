package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle/check"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
)

func TestWhatIsUnsafeOrMistakenIsFound(t *testing.T) {
	fine := []string{"COPILOTKIT_MODEL=openai/x", "OPENAI_API_KEY=k", "COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:0123456789abcdef0123",
		"COPILOTKIT_STORE=rediss://cache.internal:6379"}
	site := t.TempDir()
	if err := os.WriteFile(filepath.Join(site, "index.html"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		platform string
		env      []string
		// want are the code and the variable of findings, with commas.
		want string
	}{
		"nothing of what is fine":              {"server", nil, ""},
		"development on a server":              {"server", []string{"COPILOTKIT_ENV=development"}, "development COPILOTKIT_ENV"},
		"memory where instances come and go":   {"gcf", []string{"COPILOTKIT_STORE="}, "memory COPILOTKIT_STORE"},
		"no memory with the managed platform":  {"gcf", []string{"COPILOTKIT_STORE=", "CPK_INTELLIGENCE_API_KEY=cpk-1_0123456789abcdef", "COPILOTKIT_INTELLIGENCE_BACKGROUND=on"}, ""},
		"that platform without a processor":    {"gcf", []string{"COPILOTKIT_STORE=", "CPK_INTELLIGENCE_API_KEY=cpk-1_0123456789abcdef"}, "value COPILOTKIT_INTELLIGENCE_BACKGROUND"},
		"that platform on one that can't":      {"vercel", []string{"COPILOTKIT_STORE=", "CPK_INTELLIGENCE_API_KEY=cpk-1_0123456789abcdef"}, "value CPK_INTELLIGENCE_API_KEY"},
		"a store that a platform hasn't":       {"vercel", []string{"COPILOTKIT_STORE=sqlite:///tmp/x.db"}, "store COPILOTKIT_STORE"},
		"a file in a container":                {"image", []string{"COPILOTKIT_STORE=sqlite:///tmp/x.db"}, "volume COPILOTKIT_STORE"},
		"a store at localhost":                 {"lambda", []string{"COPILOTKIT_STORE=rediss://localhost:6379"}, "localhost COPILOTKIT_STORE"},
		"a password in the open":               {"server", []string{"COPILOTKIT_STORE=redis://u:p@redis.example.com:6379"}, "plain-store COPILOTKIT_STORE"},
		"a database without encryption":        {"server", []string{"COPILOTKIT_STORE=postgres://u:p@db.example.com/db"}, "plain-store COPILOTKIT_STORE"},
		"a database with it":                   {"server", []string{"COPILOTKIT_STORE=postgres://u:p@db.example.com/db?sslmode=require"}, ""},
		"a key with quotes":                    {"server", []string{`OPENAI_API_KEY="sk-1"`}, "wrong-key OPENAI_API_KEY"},
		"a placeholder":                        {"server", []string{"OPENAI_API_KEY=your-api-key-here"}, "wrong-key OPENAI_API_KEY"},
		"an address with the path of a call":   {"server", []string{"OPENAI_BASE_URL=https://h.example.com/v1/chat/completions"}, "provider-address OPENAI_BASE_URL"},
		"OpenAI's address without v1":          {"server", []string{"OPENAI_BASE_URL=https://api.openai.com"}, "provider-address OPENAI_BASE_URL"},
		"an agent in the open":                 {"server", []string{"COPILOTKIT_AGENTS=a=http://agent.example.com/run"}, "plain-http COPILOTKIT_AGENTS"},
		"an agent that gets everybody's token": {"server", []string{"COPILOTKIT_AGENTS=a=https://agent.example.com/run", "COPILOTKIT_FORWARD_AUTHORIZATION=*"}, "forwards COPILOTKIT_FORWARD_AUTHORIZATION"},
		"pages of visitors' machines":          {"server", []string{"COPILOTKIT_CORS_ORIGINS=loopback"}, "cors COPILOTKIT_CORS_ORIGINS"},
		"a session that anybody can have":      {"server", []string{"COPILOTKIT_AUTH=session", "COPILOTKIT_AUTH_TOKENS=", "COPILOTKIT_SESSION_KEY=0123456789abcdef0123456789abcdef"}, "no-limits COPILOTKIT_LIMIT_RUNS_PER_MINUTE"},
		"a variable of another platform":       {"vercel", []string{"COPILOTKIT_LAMBDA_RESPONSE=buffered"}, "unused COPILOTKIT_LAMBDA_RESPONSE"},
		"one of servers":                       {"gcf", []string{"COPILOTKIT_MAX_REQUEST_SECONDS=300"}, "unused COPILOTKIT_MAX_REQUEST_SECONDS"},
		"a front end on Lambda":                {"lambda", []string{"COPILOTKIT_STATIC=" + site}, "value COPILOTKIT_STATIC"},
		"a front end on a server":              {"server", []string{"COPILOTKIT_STATIC=" + site}, ""},
		"a front end on Vercel":                {"vercel", []string{"COPILOTKIT_STATIC=" + site}, "value COPILOTKIT_STATIC"},
		"AgentCore on Lambda":                  {"lambda", []string{"COPILOTKIT_AGENTCORE=on"}, "value COPILOTKIT_AGENTCORE"},
		"AgentCore on Google Cloud":            {"gcf", []string{"COPILOTKIT_AGENTCORE=on"}, "value COPILOTKIT_AGENTCORE"},
		"AgentCore on Vercel":                  {"vercel", []string{"COPILOTKIT_AGENTCORE=on"}, "value COPILOTKIT_AGENTCORE"},
		"AgentCore at home":                    {"local", []string{"COPILOTKIT_AGENTCORE=on", "PORT=0"}, "value COPILOTKIT_AGENTCORE"},
		"AgentCore and the image":              {"image", []string{"COPILOTKIT_AGENTCORE=on"}, ""},
		"AgentCore and a front end":            {"image", []string{"COPILOTKIT_AGENTCORE=on", "COPILOTKIT_STATIC=" + site}, "value COPILOTKIT_STATIC"},
		"more than a platform takes":           {"lambda", []string{"COPILOTKIT_MAX_BODY_BYTES=10000000"}, "body COPILOTKIT_MAX_BODY_BYTES"},
		"an environment that is too large":     {"lambda", []string{"COPILOTKIT_PROMPT=" + strings.Repeat("x", 4096)}, "environment-size "},
		"a misspelt variable":                  {"server", []string{"COPILOTKIT_PROMT=x"}, "no-such-variable COPILOTKIT_PROMT"},
		"two values that are wrong":            {"server", []string{"COPILOTKIT_ENDPOINT=both", "PORT=x"}, "value COPILOTKIT_ENDPOINT, value PORT"},
		"a front door that verifies nobody":    {"vercel", []string{"COPILOTKIT_AUTH=platform", "COPILOTKIT_AUTH_TOKENS="}, "no-auth COPILOTKIT_AUTH"},
		"one that does":                        {"lambda", []string{"COPILOTKIT_AUTH=platform", "COPILOTKIT_AUTH_TOKENS="}, ""},
		"the local server as it is":            {"local", []string{"COPILOTKIT_MODEL=", "OPENAI_API_KEY=", "COPILOTKIT_AUTH=", "COPILOTKIT_AUTH_TOKENS=", "COPILOTKIT_STORE=", "PORT=0"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			values := make(map[string]string)
			for _, entry := range append(fine[:len(fine):len(fine)], test.env...) {
				variable, value, _ := strings.Cut(entry, "=")
				values[variable] = value
			}
			var entries []string
			for variable, value := range values {
				entries = append(entries, variable+"="+value)
			}
			platform, _ := platforms.Lookup(test.platform, func(string) string { return "" })
			r := check.Environment(t.Context(), check.Config{Env: func() []string { return entries }, Platform: platform})
			var found []string
			for _, finding := range r.Findings {
				found = append(found, finding.Code+" "+finding.Variable)
			}
			if got := strings.Join(found, ", "); got != test.want {
				t.Errorf("got %q, want %q\n%s", got, test.want, r.Text())
			}
		})
	}
}
