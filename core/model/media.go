package model

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Media is an image, a sound, a video or a document in a user's message.
type Media struct {
	// Kind is "image", "audio", "video" or "document".
	Kind string
	// MimeType is a media type without parameters. If the client sent none, it is
	// "application/octet-stream".
	MimeType string
	// Filename is the name that the client sent, empty for none.
	Filename string
	// Data is the content in base64. It is empty if URL is set.
	Data string
	// URL is the address of the content. It is empty if Data is set.
	URL string
}

// ReadMedia converts a part of a message that isn't text, in either of the forms
// that the protocol has. A part without content is an [*Error].
func ReadMedia(part *agui.InputContent) (Media, error) {
	m := Media{Kind: part.Type, MimeType: part.MimeType, Filename: filename(part)}
	switch {
	case part.Type == "binary":
		m.Kind, m.Data, m.URL = kindOfType(part.MimeType), part.Data, part.URL
	case part.Source == nil:
	case part.Source.Type == "data":
		m.MimeType, m.Data = part.Source.MimeType, part.Source.Value
	default:
		m.MimeType, m.URL = part.Source.MimeType, part.Source.Value
	}
	if m.Data == "" && m.URL == "" {
		return Media{}, Unsupported(m.Kind + " without data")
	}
	if m.Data == "" && strings.HasPrefix(m.URL, "data:") {
		header, data, ok := strings.Cut(strings.TrimPrefix(m.URL, "data:"), ";base64,")
		if !ok {
			return Media{}, Unsupported(m.Kind + " in this encoding")
		}
		m.Data, m.URL = data, ""
		if m.MimeType == "" {
			m.MimeType = header
		}
	}
	if parsed, _, err := mime.ParseMediaType(m.MimeType); err == nil {
		m.MimeType = parsed
	}
	if m.MimeType == "" {
		m.MimeType = "application/octet-stream"
	}
	return m, nil
}

// Address returns the URL, or Data as a data URL.
func (m Media) Address() string {
	if m.URL != "" {
		return m.URL
	}
	return "data:" + m.MimeType + ";base64," + m.Data
}

// IsText reports whether the media is a text document.
func (m Media) IsText() bool {
	return m.Kind == "document" && (strings.HasPrefix(m.MimeType, "text/") || m.MimeType == "application/json")
}

// Text returns the content of a text document, after its filename if it has one.
// Data that isn't base64 is an [*Error].
func (m Media) Text() (string, error) {
	text, err := base64.StdEncoding.DecodeString(m.Data)
	if err != nil {
		return "", Unsupported("a document that isn't base64")
	}
	if m.Filename != "" {
		return m.Filename + ":\n" + string(text), nil
	}
	return string(text), nil
}

// Unsupported returns the error for content that a model doesn't accept.
func Unsupported(what string) *Error {
	return &Error{Code: CodeUnsupportedContent, Message: fmt.Sprintf("This model can't take %s.", what)}
}

// filename returns the name of a part's file, which CopilotKit's chat puts into the
// metadata.
func filename(part *agui.InputContent) string {
	if part.Filename != "" {
		return part.Filename
	}
	var metadata struct {
		Filename string `json:"filename"`
	}
	if json.Unmarshal(part.Metadata, &metadata) != nil {
		return ""
	}
	return metadata.Filename
}

func kindOfType(mimeType string) string {
	kind, _, _ := strings.Cut(mimeType, "/")
	switch kind {
	case "image", "audio", "video":
		return kind
	}
	return "document"
}
