package openai

import (
	"encoding/base64"
	"fmt"
	"mime"
	"strings"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// part is a part of a user's message as the provider gets it.
type part struct {
	Type       string      `json:"type"`
	Text       string      `json:"text,omitempty"`
	ImageURL   *partImage  `json:"image_url,omitempty"`
	InputAudio *partAudio  `json:"input_audio,omitempty"`
	File       *partUpload `json:"file,omitempty"`
}

type partImage struct {
	URL string `json:"url"`
}

type partAudio struct {
	Data   string `json:"data"`
	Format string `json:"format"`
}

type partUpload struct {
	Filename string `json:"filename"`
	FileData string `json:"file_data"`
}

// userContent turns what a user says into text or parts. What can't be sent to
// a model is an error that names it; nothing is left out in silence.
func userContent(content agui.Content) (any, error) {
	given := content.Parts()
	if given == nil {
		return content.Text(), nil
	}
	parts := make([]part, 0, len(given))
	for i := range given {
		p, err := partOf(&given[i])
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	if len(parts) == 0 {
		return "", nil
	}
	return parts, nil
}

func partOf(input *agui.InputContent) (part, error) {
	if input.Type == "text" {
		return part{Type: "text", Text: input.Text}, nil
	}
	m, err := mediaOf(input)
	if err != nil {
		return part{}, err
	}
	switch m.kind {
	case "image":
		return part{Type: "image_url", ImageURL: &partImage{URL: m.address()}}, nil
	case "audio":
		return m.audio()
	case "document":
		return m.document()
	}
	return part{}, unsupported(m.kind)
}

// media is an image, a sound, a video or a document.
type media struct {
	kind, mimeType, filename string
	// One of data, in base64, and url is set.
	data, url string
}

// mediaOf reads both of the protocol's forms.
func mediaOf(input *agui.InputContent) (media, error) {
	m := media{kind: input.Type, mimeType: input.MimeType, filename: input.Filename}
	switch {
	case input.Type == "binary":
		m.kind, m.data, m.url = kindOf(input.MimeType), input.Data, input.URL
	case input.Source == nil:
	case input.Source.Type == "data":
		m.mimeType, m.data = input.Source.MimeType, input.Source.Value
	default:
		m.mimeType, m.url = input.Source.MimeType, input.Source.Value
	}
	if m.data == "" && m.url == "" {
		return media{}, unsupported(m.kind + " without data")
	}
	if m.data == "" && strings.HasPrefix(m.url, "data:") {
		header, data, ok := strings.Cut(strings.TrimPrefix(m.url, "data:"), ";base64,")
		if !ok {
			return media{}, unsupported(m.kind + " in this encoding")
		}
		m.data, m.url = data, ""
		if m.mimeType == "" {
			m.mimeType = header
		}
	}
	if parsed, _, err := mime.ParseMediaType(m.mimeType); err == nil {
		m.mimeType = parsed
	}
	if m.mimeType == "" {
		m.mimeType = "application/octet-stream"
	}
	return m, nil
}

func kindOf(mimeType string) string {
	kind, _, _ := strings.Cut(mimeType, "/")
	switch kind {
	case "image", "audio", "video":
		return kind
	}
	return "document"
}

// address is a URL that has or is the data.
func (m media) address() string {
	if m.url != "" {
		return m.url
	}
	return "data:" + m.mimeType + ";base64," + m.data
}

func (m media) audio() (part, error) {
	if m.data == "" {
		return part{}, unsupported("audio by address")
	}
	var format string
	switch m.mimeType {
	case "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave":
		format = "wav"
	case "audio/mpeg", "audio/mp3":
		format = "mp3"
	default:
		return part{}, unsupported("audio of type " + m.mimeType)
	}
	return part{Type: "input_audio", InputAudio: &partAudio{Data: m.data, Format: format}}, nil
}

// document sends text as text, which every model reads, and the rest as a file.
func (m media) document() (part, error) {
	if m.data == "" {
		return part{}, unsupported("a document by address")
	}
	if strings.HasPrefix(m.mimeType, "text/") || m.mimeType == "application/json" {
		text, err := base64.StdEncoding.DecodeString(m.data)
		if err != nil {
			return part{}, unsupported("a document that isn't base64")
		}
		if m.filename != "" {
			return part{Type: "text", Text: m.filename + ":\n" + string(text)}, nil
		}
		return part{Type: "text", Text: string(text)}, nil
	}
	filename := m.filename
	if filename == "" {
		filename = "document"
		if m.mimeType == "application/pdf" {
			filename += ".pdf"
		}
	}
	return part{Type: "file", File: &partUpload{Filename: filename, FileData: m.address()}}, nil
}

func unsupported(what string) error {
	return &agent.Error{
		Code:    "unsupported_content",
		Message: fmt.Sprintf("This model can't take %s.", what),
	}
}
