package mcpapps_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent/mcpapps"
	"github.com/copilotkit-go/runtime/core/agui"
)

// BenchmarkPage reads a page of 256 KiB, in a session of its own.
func BenchmarkPage(b *testing.B) {
	for name, stateless := range map[string]bool{"with sessions": false, "without sessions": true} {
		b.Run(name, func(b *testing.B) {
			server := sdk.NewServer(&sdk.Implementation{Name: "apps", Version: "1"}, nil)
			html := strings.Repeat("<b>&amp;</b>\n", 256<<10/13)
			server.AddResource(&sdk.Resource{URI: page, Name: "page"}, func(context.Context, *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
				return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: page, Text: html}}}, nil
			})
			remote := httptest.NewServer(sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, &sdk.StreamableHTTPOptions{Stateless: stateless}))
			defer remote.Close()
			apps, err := mcpapps.New(mcpapps.Config{Servers: []mcpapps.Server{{URL: remote.URL, ServerID: "app"}}, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			defer apps.Close()
			in := input()
			in.ForwardedProps = json.RawMessage(`{"__proxiedMCPRequest":{"serverId":"app","method":"resources/read","params":{"uri":"ui://page"}}}`)
			b.ReportAllocs()
			for b.Loop() {
				for event := range apps.Extend("default", &played{}).Run(b.Context(), in) {
					if end, ok := event.(agui.RunFinishedEvent); ok && len(end.Result) < 256<<10 {
						b.Fatalf("got %.200s", end.Result)
					}
				}
			}
		})
	}
}

// BenchmarkRunWithoutServers is what an extension without servers costs a run.
func BenchmarkRunWithoutServers(b *testing.B) {
	apps, err := mcpapps.New(mcpapps.Config{})
	if err != nil {
		b.Fatal(err)
	}
	inner := &played{events: []agui.Event{finished()}}
	in := input()
	in.ForwardedProps = json.RawMessage(`{}`)
	b.ReportAllocs()
	for b.Loop() {
		if apps.Detaches("default", in) {
			b.Fatal("it detaches")
		}
		for range apps.Extend("default", inner).Run(b.Context(), in) {
		}
	}
}
