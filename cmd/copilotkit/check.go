package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
	checks "github.com/copilotkit-go/runtime/core/bundle/check"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
)

const checkUsage = `  copilotkit check [--for PLATFORM] [--online] [--json] [--timeout 10s]
  copilotkit check --url ADDRESS [--origin ORIGIN] [--endpoint KIND] [--token-from FILE]
                   [--run] [--json] [--timeout 10s]

The first says what a deployment would do with this environment, and what of that is unsafe
or likely a mistake. The platform, whose defaults and limits apply, is server (the default,
with those of production), lambda, gcf, vercel, local or image. --online asks each model for
a word, writes a thread to the store and deletes it, and asks the issuer of tokens, remote
agents and MCP servers, each within the timeout.

The second looks at a deployment from outside. ADDRESS is what front ends have as runtimeUrl,
ORIGIN that of a page that calls it (https://app.example.com), KIND multi-route or
single-route, and FILE has a bearer token (- is the standard input). --run begins a run, which
costs one short answer of the model, and measures whether its events come one by one.

What it prints can be shown to others: no keys, no passwords, of addresses the host alone.
The exit code is 0 if all is fine, also with warnings, 1 if there are problems, and 2 if the
arguments are wrong.
`

// check checks an environment or a deployment, and returns the exit code.
func check(ctx context.Context, args []string, env bundle.Env, s streams) int {
	flags := newFlags("check", s)
	name := flags.String("for", "server", "")
	online, asJSON := flags.Bool("online", false, ""), flags.Bool("json", false, "")
	var d checks.Deployment
	flags.StringVar(&d.URL, "url", "", "")
	flags.StringVar(&d.Origin, "origin", "", "")
	flags.StringVar(&d.Endpoint, "endpoint", "", "")
	tokenFrom := flags.String("token-from", "", "")
	flags.BoolVar(&d.Run, "run", false, "")
	flags.DurationVar(&d.Limit, "timeout", 10*time.Second, "")
	if flags.parse(args) != nil {
		return 2
	}
	platform, ok := platforms.Lookup(*name, getenv(env))
	switch deployed := d.Origin + d.Endpoint + *tokenFrom; {
	case !ok:
		return misused(s, "check", fmt.Sprintf("--for %q is none of %s", *name, strings.Join(platforms.Names(), ", ")))
	case d.URL == "" && (deployed != "" || d.Run):
		return misused(s, "check", "--origin, --endpoint, --token-from and --run need --url")
	case d.URL != "" && *online:
		return misused(s, "check", "--online is for an environment, and --url for a deployment")
	case d.Endpoint != "" && d.Endpoint != "multi-route" && d.Endpoint != "single-route":
		return misused(s, "check", "--endpoint is neither multi-route nor single-route")
	case d.Limit <= 0:
		return misused(s, "check", "--timeout must be above zero, such as 10s")
	}
	var report *checks.Report
	if d.URL != "" {
		token, err := readToken(*tokenFrom, s.in)
		if err != nil {
			fmt.Fprintln(s.err, "copilotkit:", err)
			return 1
		}
		d.Token = token
		report = checks.Deployed(ctx, d)
	} else {
		report = checks.Environment(ctx, checks.Config{
			Env: env, Platform: platform, Options: platformOptions(platform, env), Online: *online, Limit: d.Limit,
		})
	}
	return show(report, *asJSON, s)
}

func show(report *checks.Report, asJSON bool, s streams) int {
	if asJSON {
		if code := writeJSON(s, report); code != 0 {
			return code
		}
	} else if _, err := io.WriteString(s.out, report.Text()); err != nil {
		fmt.Fprintln(s.err, "copilotkit:", err)
		return 1
	}
	if report.Problems() > 0 {
		return 1
	}
	return 0
}

// maxToken is how long a token may be, in bytes.
const maxToken = 64 << 10

// readToken reads a token from a file, "" for none.
func readToken(name string, in io.Reader) (string, error) {
	if name == "" {
		return "", nil
	}
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("read the token: %w", err)
		}
		defer file.Close()
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, maxToken+1))
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" || len(data) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("read the token: there is something else in the file")
	}
	return token, nil
}

// getenv looks variables up as os.Getenv does.
func getenv(env bundle.Env) func(string) string {
	return func(name string) string {
		for _, entry := range slices.Backward(env()) {
			if value, ok := strings.CutPrefix(entry, name+"="); ok {
				return value
			}
		}
		return ""
	}
}
