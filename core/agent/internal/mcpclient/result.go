package mcpclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// Result is MCP's result of a call, without what versions of the protocol have added
// for the two sides of a session alone.
type Result struct {
	Meta              mcp.Meta      `json:"_meta,omitempty"`
	Content           []mcp.Content `json:"content"`
	StructuredContent any           `json:"structuredContent,omitempty"`
	IsError           bool          `json:"isError,omitempty"`
}

// CallTool calls a tool.
func CallTool(ctx context.Context, session *Session, name string, arguments json.RawMessage) (Result, error) {
	got, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: arguments})
	switch {
	case err != nil:
		return Result{}, err
	case got.NeedsInput():
		return Result{}, errors.New("the tool asks for input, which nobody can give")
	case got.Content == nil:
		got.Content = []mcp.Content{}
	}
	return Result{ShownMeta(got.Meta), got.Content, got.StructuredContent, got.IsError}, nil
}

// ShownMeta returns metadata without the server's name and version.
func ShownMeta(meta mcp.Meta) mcp.Meta {
	delete(meta, mcp.MetaKeyServerInfo)
	return meta
}

// Encode returns the JSON of a result, without credentials that the server has quoted.
func Encode(result any, credentials outbound.Secrets) (json.RawMessage, error) {
	encoded, err := json.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("encode the result: %w", err)
	}
	return Mask(credentials, unescapeHTML(encoded)), nil
}

// Mask returns JSON without credentials.
func Mask(credentials outbound.Secrets, encoded json.RawMessage) json.RawMessage {
	if len(credentials) == 0 {
		return encoded
	}
	return json.RawMessage(credentials.Mask(string(encoded)))
}

// TextOf returns the texts of a [Result], or its content as JSON if it has none.
func TextOf(result json.RawMessage) string {
	var parts struct {
		Content []struct{ Type, Text string }
	}
	var whole struct{ Content json.RawMessage }
	if json.Unmarshal(result, &parts) != nil || json.Unmarshal(result, &whole) != nil {
		return "[]" // unreachable: it is the SDK's
	}
	var texts []string
	for _, part := range parts.Content {
		if part.Type == "text" {
			texts = append(texts, part.Text)
		}
	}
	if text := strings.Join(texts, "\n"); text != "" {
		return text
	}
	return string(whole.Content)
}

// unescapeHTML takes back that encoding/json escapes <, > and &, which a page is full of.
func unescapeHTML(encoded []byte) []byte {
	if !bytes.Contains(encoded, []byte(`\u00`)) {
		return encoded
	}
	plain := encoded[:0]
	for len(encoded) > 0 {
		i := bytes.IndexByte(encoded, '\\')
		if i < 0 {
			return append(plain, encoded...)
		}
		plain = append(plain, encoded[:i]...)
		encoded = encoded[i:]
		switch {
		case bytes.HasPrefix(encoded, []byte(`\u003c`)):
			plain, encoded = append(plain, '<'), encoded[6:]
		case bytes.HasPrefix(encoded, []byte(`\u003e`)):
			plain, encoded = append(plain, '>'), encoded[6:]
		case bytes.HasPrefix(encoded, []byte(`\u0026`)):
			plain, encoded = append(plain, '&'), encoded[6:]
		default:
			plain, encoded = append(plain, encoded[:2]...), encoded[2:]
		}
	}
	return plain
}
