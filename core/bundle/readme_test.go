package bundle

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of variables and providers")

const (
	readme     = "../../README.md"
	modelsPage = "../../docs/models.md"
)

// titles are the providers' names in the table, by the prefix of their models.
var titles = []struct{ title, prefix string }{
	{"OpenAI, and any endpoint that speaks its protocol", "openai"},
	{"OpenAI's Responses API", "openai-responses"},
	{"Azure OpenAI", "azure"},
	{"Azure OpenAI's Responses API", "azure-responses"},
	{"Anthropic", "anthropic"},
	{"Anthropic, by chat completions", "anthropic-chat"},
	{"Amazon Bedrock", "bedrock"},
	{"Google Gemini", "google"},
	{"Google Gemini on Vertex AI", "vertex"},
	{"MiniMax", "minimax"},
	{"OpenRouter", "openrouter"},
	{"Groq", "groq"},
	{"Mistral", "mistral"},
	{"DeepSeek", "deepseek"},
	{"xAI", "xai"},
	{"Ollama", "ollama"},
}

func TestPagesHaveTheTables(t *testing.T) {
	tests := map[string]struct{ page, table string }{
		"variables": {readme, variablesTable()},
		"providers": {modelsPage, providersTable(t)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(test.page)
			if err != nil {
				t.Fatal(err)
			}
			begin := "<!-- " + name + ": written by `go generate ./core/bundle` -->\n"
			end := "<!-- end of " + name + " -->\n"
			before, rest, found := strings.Cut(string(content), begin)
			_, after, ended := strings.Cut(rest, end)
			if !found || !ended {
				t.Fatalf("%s has no %q followed by %q", test.page, begin, end)
			}
			want := before + begin + "\n" + test.table + "\n" + end + after
			if want == string(content) {
				return
			}
			if !*update {
				t.Fatalf("the table in %s differs from the code: go generate ./core/bundle writes it", test.page)
			}
			if err := os.WriteFile(test.page, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func variablesTable() string {
	var table strings.Builder
	table.WriteString("| variable | meaning | default |\n|---|---|---|\n")
	for _, v := range variables {
		fallback := v.fallback
		if fallback == "" && v.value != "" {
			fallback = "`" + v.value + "`"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", v.name, v.meaning, cmp.Or(fallback, "none"))
		if v.name == "COPILOTKIT_MODEL" {
			table.WriteString("| `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, `GOOGLE_API_KEY`, … | the key of the model's provider | none |\n" +
				"| `OPENAI_BASE_URL`, … | another endpoint of the provider, such as a gateway or a server of your own | the provider's |\n")
		}
	}
	return table.String()
}

// providersTable returns the table of providers. It fails the test unless the table
// has every variable of every provider.
func providersTable(t *testing.T) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("| provider | model | key | endpoint |\n|---|---|---|---|\n")
	var listed []string
	for _, row := range titles {
		provider, err := providers().Lookup(row.prefix)
		if err != nil {
			t.Fatal(err)
		}
		key, addresses := provider.KeyVariable, append([]string{provider.URLVariable}, provider.Variables...)
		listed = append(listed, addresses...)
		if key != "" {
			keys := append([]string{key}, provider.OtherKeyVariables...)
			listed = append(listed, keys...)
			key = "`" + strings.Join(keys, "` or `") + "`"
		}
		if provider.SignIn != "" {
			key += ", or the platform's identity"
		}
		fmt.Fprintf(&table, "| %s | `%s/%s` | %s | `%s` |\n", row.title, row.prefix,
			cmp.Or(map[string]string{"azure": "deployment", "azure-responses": "deployment"}[row.prefix], "…"), cmp.Or(key, "none"), strings.Join(addresses, "`, `"))
	}
	var known []string
	for _, v := range providerVariables() {
		known = append(known, v.name)
	}
	slices.Sort(listed)
	slices.Sort(known)
	if listed = slices.Compact(listed); !slices.Equal(listed, known) {
		t.Errorf("the table has the variables %v, the providers have %v", listed, known)
	}
	return table.String()
}

func TestEveryVariableIsDescribed(t *testing.T) {
	for _, v := range variables {
		if v.meaning == "" || v.set == nil {
			t.Errorf("%s has no meaning or can't be set", v.name)
		}
		if v.value != "" && !strings.Contains(cmp.Or(v.fallback, v.value), v.value) {
			t.Errorf("%s has the default %s, and its row says %s", v.name, v.value, v.fallback)
		}
	}
}

func TestPagesNameOnlyVariablesThatExist(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, readme) {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`COPILOTKIT_[A-Z_]+[A-Z]`).FindAllString(string(content), -1) {
			if !isVariable(name) {
				t.Errorf("%s: there is no variable %s", page, name)
			}
		}
	}
}

func TestReadmeProgramsCompile(t *testing.T) {
	content, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindAllStringSubmatch(string(content), -1)
	if len(blocks) < 2 {
		t.Fatalf("found %d programs, want at least 2", len(blocks))
	}
	for i, block := range blocks {
		t.Run(fmt.Sprintf("program %d", i+1), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "main.go")
			if err := os.WriteFile(file, []byte(block[1]), 0o600); err != nil {
				t.Fatal(err)
			}
			vet := exec.CommandContext(t.Context(), "go", "vet", file)
			vet.Dir = filepath.Dir(readme)
			if out, err := vet.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if out, err := exec.CommandContext(t.Context(), "gofmt", "-l", file).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("not formatted: %v %s", err, out)
			}
		})
	}
}
