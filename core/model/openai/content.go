package openai

import (
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// part is a part of a user's message in the provider's form.
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

// userContent converts the content of a user's message to text or parts. It fails
// for content that can't be sent, rather than omit it.
func userContent(content agui.Content) (any, error) {
	inputs := content.Parts()
	if len(inputs) == 0 {
		return content.Text(), nil
	}
	parts := make([]part, 0, len(inputs))
	for i := range inputs {
		p, err := userPart(&inputs[i])
		if err != nil {
			return nil, err
		}
		if p.Type == "text" && p.Text == "" {
			continue // an image without words, from most front ends
		}
		parts = append(parts, p)
	}
	if len(parts) == 0 {
		return "", nil
	}
	return parts, nil
}

func userPart(input *agui.InputContent) (part, error) {
	if input.Type == "text" {
		return part{Type: "text", Text: input.Text}, nil
	}
	media, err := model.ReadMedia(input)
	if err != nil {
		return part{}, err
	}
	switch media.Kind {
	case "image":
		return part{Type: "image_url", ImageURL: &partImage{URL: media.Address()}}, nil
	case "audio":
		return audioPart(media)
	case "document":
		return documentPart(media)
	}
	return part{}, model.Unsupported(media.Kind)
}

func audioPart(media model.Media) (part, error) {
	if media.Data == "" {
		return part{}, model.Unsupported("audio by address")
	}
	var format string
	switch media.MimeType {
	case "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave":
		format = "wav"
	case "audio/mpeg", "audio/mp3":
		format = "mp3"
	default:
		return part{}, model.Unsupported("audio of type " + media.MimeType)
	}
	return part{Type: "input_audio", InputAudio: &partAudio{Data: media.Data, Format: format}}, nil
}

// documentPart converts a document to text, which all models accept, or to a file.
func documentPart(media model.Media) (part, error) {
	if media.Data == "" {
		return part{}, model.Unsupported("a document by address")
	}
	if media.IsText() {
		text, err := media.Text()
		return part{Type: "text", Text: text}, err
	}
	filename := media.Filename
	if filename == "" {
		filename = "document"
		if media.MimeType == "application/pdf" {
			filename += ".pdf"
		}
	}
	return part{Type: "file", File: &partUpload{Filename: filename, FileData: media.Address()}}, nil
}
