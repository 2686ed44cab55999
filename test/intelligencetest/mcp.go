package intelligencetest

import (
	"context"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type recallInput struct {
	Query string `json:"query" jsonschema:"what to look for"`
}

type saveInput struct {
	Content string `json:"content" jsonschema:"what to remember"`
}

// mcpHandler serves the memory tools that the grant allows: recall_memory to read, and
// save_memory to write.
func (p *Platform) mcpHandler() http.Handler {
	streamable := mcp.NewStreamableHTTPHandler(func(r *http.Request) *mcp.Server {
		return p.mcpServer(r.Header.Get("X-Cpki-User-Id"), r.Header.Get("X-Cpki-Memory-Grant"))
	}, &mcp.StreamableHTTPOptions{Stateless: true})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Cpki-User-Id") == "" {
			p.mu.Lock()
			p.violate("/mcp without a user")
			p.mu.Unlock()
			http.Error(w, "user required", http.StatusUnauthorized)
			return
		}
		streamable.ServeHTTP(w, r)
	})
}

func (p *Platform) mcpServer(user, header string) *mcp.Server {
	granted := grant{"read-write", "read-write"}
	if header != "" {
		var err error
		if granted, err = parseGrant(header); err != nil {
			p.mu.Lock()
			p.violate("/mcp with the grant %q: %v", header, err)
			p.mu.Unlock()
			return nil // answered with 400
		}
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "intelligence", Version: "1"}, nil)
	if granted.User != "none" || granted.Project != "none" {
		mcp.AddTool(server, &mcp.Tool{Name: "recall_memory", Description: "Finds what is remembered."},
			func(_ context.Context, _ *mcp.CallToolRequest, in recallInput) (*mcp.CallToolResult, any, error) {
				p.mu.Lock()
				defer p.mu.Unlock()
				var found []string
				for _, m := range p.recall(user, granted, in.Query, "") {
					found = append(found, m["content"].(string))
				}
				return textResult(strings.Join(found, "\n")), nil, nil
			})
	}
	if granted.User == "read-write" {
		mcp.AddTool(server, &mcp.Tool{Name: "save_memory", Description: "Remembers something about the user."},
			func(_ context.Context, _ *mcp.CallToolRequest, in saveInput) (*mcp.CallToolResult, any, error) {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.addMemory(&memory{Content: in.Content, Kind: "topical", Scope: "user", SourceThreadIDs: []string{}, user: user})
				return textResult("Saved."), nil, nil
			})
	}
	return server
}

func textResult(text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}
}
