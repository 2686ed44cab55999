package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// The programs are in the archives, so that Homebrew builds nothing.
var formula = template.Must(template.New("").Parse(`# Written by "make release".
class Copilotkit < Formula
  desc "CopilotKit runtime: a server with a playground, and its commands"
  homepage "{{.Home}}"
  version "{{.Version}}"
  license "MIT"
{{range .Systems}}
  on_{{.Name}} do
{{- range .Products}}
    on_{{if eq .Arch "arm64"}}arm{{else}}intel{{end}} do
      url "{{$.Home}}/releases/download/v{{$.Version}}/{{.File}}"
      sha256 "{{.Sum}}"
    end
{{- end}}
  end
{{end}}
  def install
    bin.install "copilotkit"
  end

  test do
    assert_match "v#{version}", shell_output("#{bin}/copilotkit version")
  end
end
`))

// writeFormula writes the formula for what was built for macOS and Linux, if anything was.
func writeFormula(folder string, products []*product) error {
	type file struct{ Arch, File, Sum string }
	type system struct {
		Name     string
		Products []file
	}
	var data struct {
		Home, Version string
		Systems       []system
	}
	data.Home = home
	for _, s := range []struct{ name, goos string }{{"macos", "darwin"}, {"linux", "linux"}} {
		one := system{Name: s.name}
		for _, p := range products {
			if p.system == s.goos {
				one.Products = append(one.Products, file{p.arch, p.name, p.sum})
				data.Version = strings.TrimPrefix(p.version(), "v")
			}
		}
		if len(one.Products) > 0 {
			data.Systems = append(data.Systems, one)
		}
	}
	if len(data.Systems) == 0 {
		return nil
	}
	var text bytes.Buffer
	if err := formula.Execute(&text, data); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "copilotkit.rb"), text.Bytes(), 0o644)
}
