package openai

import (
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/gpt"
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
	return part{Type: "file", File: &partUpload{Filename: gpt.Filename(media), FileData: media.Address()}}, nil
}
