package mcpclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Tool is a tool of a server.
type Tool struct {
	Name        string
	Description string
	// Parameters is the JSON Schema of the arguments.
	Parameters json.RawMessage
	// ResourceURI is the page that shows the tool's results, "" for none.
	ResourceURI string
	// ForModel and ForApp say who may call it: both, unless the server says otherwise.
	ForModel, ForApp bool
}

// DescribesObject reports whether the schema of the arguments is one of an object: a model
// refuses a request with another.
func (t *Tool) DescribesObject() bool {
	var root struct{ Type any }
	return json.Unmarshal(t.Parameters, &root) == nil && (root.Type == nil || root.Type == "object")
}

// How long a list of tools may be: its pages, its tools, and their descriptions and
// schemas together, in bytes.
const (
	maxPages     = 100
	maxTools     = 5000
	maxListBytes = 16 << 20
)

// ListTools asks for all pages of the list. It fails if the list is too long, or its
// pages go round in a circle.
func ListTools(ctx context.Context, session *mcp.ClientSession) ([]Tool, error) {
	var tools []Tool
	size := 0
	params := &mcp.ListToolsParams{}
	for range maxPages {
		page, err := session.ListTools(ctx, params)
		if err != nil {
			return nil, fmt.Errorf("list tools: %w", err)
		}
		for _, listed := range page.Tools {
			tool, err := newTool(listed)
			if err != nil {
				return nil, err
			}
			size += len(tool.Name) + len(tool.Description) + len(tool.Parameters)
			if len(tools) == maxTools || size > maxListBytes {
				return nil, fmt.Errorf("list tools: more than %d tools, or more than %d bytes", maxTools, maxListBytes)
			}
			tools = append(tools, tool)
		}
		switch page.NextCursor {
		case "":
			return tools, nil
		case params.Cursor:
			return nil, errors.New("list tools: a page is followed by itself")
		}
		params = &mcp.ListToolsParams{Cursor: page.NextCursor}
	}
	return nil, fmt.Errorf("list tools: more than %d pages", maxPages)
}

func newTool(listed *mcp.Tool) (Tool, error) {
	parameters, err := json.Marshal(listed.InputSchema)
	if err != nil {
		return Tool{}, fmt.Errorf("encode the schema of tool %s: %w", listed.Name, err)
	}
	tool := Tool{Name: listed.Name, Description: listed.Description, Parameters: parameters, ForModel: true, ForApp: true}
	ui, _ := listed.Meta["ui"].(map[string]any)
	if uri, ok := ui["resourceUri"].(string); ok {
		tool.ResourceURI = uri
	} else {
		tool.ResourceURI, _ = listed.Meta["ui/resourceUri"].(string)
	}
	if visibility, ok := ui["visibility"]; ok {
		// Anything but a list names nobody, as the reference has it.
		names, _ := visibility.([]any)
		tool.ForModel, tool.ForApp = slices.Contains(names, any("model")), slices.Contains(names, any("app"))
	}
	return tool, nil
}
