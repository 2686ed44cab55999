package anthropic

import (
	"encoding/json"
	"net/url"
	"path"
	"strings"
	"unicode"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/blocks"
)

// message is a turn in the provider's form.
type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content"`
}

// block is a content block.
type block struct {
	Type string `json:"type"`
	Text string `json:"text,omitempty"`
	// Source and Title belong to images and documents.
	Source *source `json:"source,omitempty"`
	Title  string  `json:"title,omitempty"`
	// ID, Name and Input belong to calls, ToolUseID and Content to results.
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	ToolUseID string          `json:"tool_use_id,omitempty"`
	Content   string          `json:"content,omitempty"`
	// Thinking, which may be empty, and Signature belong to thoughts, Data to encrypted
	// ones.
	Thinking     *string         `json:"thinking,omitempty"`
	Signature    string          `json:"signature,omitempty"`
	Data         string          `json:"data,omitempty"`
	CacheControl json.RawMessage `json:"cache_control,omitempty"`
}

// source is where the content of an image or a document is.
type source struct {
	Type      string `json:"type"`
	MediaType string `json:"media_type,omitempty"`
	Data      string `json:"data,omitempty"`
	URL       string `json:"url,omitempty"`
}

func encodeTurns(turns []blocks.Turn) ([]message, error) {
	messages := make([]message, len(turns))
	for i, turn := range turns {
		messages[i] = message{Role: "assistant", Content: make([]block, len(turn.Parts))}
		if turn.User {
			messages[i].Role = "user"
		}
		for j := range turn.Parts {
			encoded, err := encodePart(&turn.Parts[j])
			if err != nil {
				return nil, err
			}
			messages[i].Content[j] = encoded
		}
	}
	return messages, nil
}

func encodePart(part *blocks.Part) (block, error) {
	switch part.Kind {
	case blocks.Media:
		return mediaBlock(part.Media)
	case blocks.Call:
		return block{Type: "tool_use", ID: blocks.ID(part.ID), Name: part.Name, Input: json.RawMessage(part.Arguments)}, nil
	case blocks.Result:
		return block{Type: "tool_result", ToolUseID: blocks.ID(part.ID), Content: part.Text}, nil
	case blocks.Reasoning:
		if part.Data.Signature == "" {
			return block{Type: "redacted_thinking", Data: part.Data.Redacted}, nil
		}
		return block{Type: "thinking", Thinking: &part.Text, Signature: part.Data.Signature}, nil
	}
	return block{Type: "text", Text: part.Text}, nil
}

func mediaBlock(media model.Media) (block, error) {
	switch media.Kind {
	case "image":
		return imageBlock(media)
	case "document":
		return documentBlock(media)
	}
	return block{}, model.Unsupported(media.Kind)
}

func imageBlock(media model.Media) (block, error) {
	if media.URL != "" {
		return block{Type: "image", Source: &source{Type: "url", URL: media.URL}}, nil
	}
	switch media.MimeType {
	case "image/jpeg", "image/png", "image/gif", "image/webp":
	case "image/jpg":
		media.MimeType = "image/jpeg"
	default:
		return block{}, model.Unsupported("an image of type " + media.MimeType)
	}
	return block{Type: "image", Source: &source{Type: "base64", MediaType: media.MimeType, Data: media.Data}}, nil
}

func documentBlock(media model.Media) (block, error) {
	document := block{Type: "document", Title: media.Filename}
	switch {
	case media.URL != "" && isPDF(media):
		document.Source = &source{Type: "url", URL: media.URL}
	case media.URL != "":
		return block{}, model.Unsupported("a document by address that isn't a PDF")
	case media.MimeType == "application/pdf":
		document.Source = &source{Type: "base64", MediaType: media.MimeType, Data: media.Data}
	case media.IsText():
		media.Filename = "" // the title has it
		text, err := media.Text()
		if err != nil {
			return block{}, err
		}
		if strings.TrimSpace(text) == "" {
			text = "(empty)"
		}
		document.Source = &source{Type: "text", MediaType: "text/plain", Data: text}
	default:
		return block{}, model.Unsupported("a document of type " + media.MimeType)
	}
	return document, nil
}

// isPDF reports whether the document at an address is a PDF, by its type or else by its
// name.
func isPDF(media model.Media) bool {
	if media.MimeType != "application/octet-stream" {
		return media.MimeType == "application/pdf"
	}
	address, err := url.Parse(media.URL)
	return err == nil && strings.EqualFold(path.Ext(address.Path), ".pdf")
}

// trimEnd removes white space at the end of the assistant's words that the model goes
// on with, which the API refuses.
func trimEnd(conversation *blocks.Conversation) {
	last := &conversation.Turns[len(conversation.Turns)-1]
	if part := &last.Parts[len(last.Parts)-1]; !last.User && part.Kind == blocks.Text {
		part.Text = strings.TrimRightFunc(part.Text, unicode.IsSpace)
	}
}

// mark marks what the provider should cache: all that is before a mark. There can be
// four. The tools and the instructions are the same from run to run, the tools even
// where the instructions have the front end's state. The last two turns of the user end
// what the next step and the next run begin with; there are two since the provider
// looks for what it has cached only twenty blocks back, and a step may add more.
func (o *options) mark(tools []tool, system []block, messages []message) {
	if o.cacheControl == nil {
		return
	}
	if len(tools) > 0 {
		tools[len(tools)-1].CacheControl = o.cacheControl
	}
	if len(system) > 0 {
		system[len(system)-1].CacheControl = o.cacheControl
	}
	marked := 0
	for i := len(messages) - 1; i >= 0 && marked < 2; i-- {
		if content := messages[i].Content; messages[i].Role == "user" {
			content[len(content)-1].CacheControl = o.cacheControl
			marked++
		}
	}
}
