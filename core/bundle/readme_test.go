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

var update = flag.Bool("update", false, "write the README's tables of variables")

const (
	readme = "../../README.md"
	begin  = "<!-- variables: written by `go generate ./core/bundle` -->\n"
	end    = "<!-- end of variables -->\n"
)

// providerRows are what the README says of the model providers, by the prefix of
// their models.
var providerRows = []struct {
	title, prefix string
	// addresses are the variables that hold the endpoint and what belongs to it.
	addresses []string
}{
	{"OpenAI, and whatever speaks its protocol", "openai", []string{"OPENAI_BASE_URL"}},
	{"Azure OpenAI", "azure", []string{"AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_VERSION"}},
	{"Anthropic", "anthropic", []string{"ANTHROPIC_BASE_URL"}},
	{"Google Gemini", "google", []string{"GOOGLE_BASE_URL"}},
	{"MiniMax", "minimax", []string{"MINIMAX_BASE_URL"}},
	{"OpenRouter", "openrouter", []string{"OPENROUTER_BASE_URL"}},
	{"Groq", "groq", []string{"GROQ_BASE_URL"}},
	{"Mistral", "mistral", []string{"MISTRAL_BASE_URL"}},
	{"DeepSeek", "deepseek", []string{"DEEPSEEK_BASE_URL"}},
	{"xAI", "xai", []string{"XAI_BASE_URL"}},
	{"Ollama", "ollama", []string{"OLLAMA_BASE_URL"}},
}

func TestReadmeHasTheTables(t *testing.T) {
	content, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("there is no %q followed by %q", begin, end)
	}
	want := before + begin + "\n" + variablesTable() + "\n" + providersTable(t) + "\n" + end + after
	if want == string(content) {
		return
	}
	if !*update {
		t.Fatal("the README's tables aren't those of variables.go: go generate ./core/bundle writes them")
	}
	if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
		t.Fatal(err)
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

// providersTable fails the test unless it holds every variable of a provider.
func providersTable(t *testing.T) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("| provider | model | key | endpoint |\n|---|---|---|---|\n")
	var named []string
	for _, row := range providerRows {
		key, err := keyVariable(row.prefix + "/model")
		if err != nil {
			t.Fatal(err)
		}
		named = append(named, row.addresses...)
		if key != "" {
			named = append(named, key)
			key = "`" + key + "`"
		}
		fmt.Fprintf(&table, "| %s | `%s/%s` | %s | `%s` |\n", row.title, row.prefix,
			cmp.Or(map[string]string{"azure": "deployment"}[row.prefix], "…"), cmp.Or(key, "none"), strings.Join(row.addresses, "`, `"))
	}
	var known []string
	for _, v := range providerVariables() {
		known = append(known, v.name)
	}
	slices.Sort(named)
	slices.Sort(known)
	if !slices.Equal(named, known) {
		t.Errorf("the table has the variables %v, the providers %v", named, known)
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

func TestTextsNameOnlyVariablesThatExist(t *testing.T) {
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
