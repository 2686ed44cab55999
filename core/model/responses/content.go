package responses

import (
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/gpt"
)

// part is a part of a user's message in the provider's form.
type part struct {
	Type     string `json:"type"`
	Text     string `json:"text,omitempty"`
	ImageURL string `json:"image_url,omitempty"`
	Filename string `json:"filename,omitempty"`
	FileData string `json:"file_data,omitempty"`
	FileURL  string `json:"file_url,omitempty"`
}

func userPart(input *agui.InputContent) (part, error) {
	if input.Type == "text" {
		return part{Type: "input_text", Text: input.Text}, nil
	}
	media, err := model.ReadMedia(input)
	if err != nil {
		return part{}, err
	}
	switch media.Kind {
	case "image":
		return part{Type: "input_image", ImageURL: media.Address()}, nil
	case "document":
		return documentPart(media)
	}
	return part{}, model.Unsupported(media.Kind)
}

// documentPart converts a document to text, which all models accept, or to a file.
func documentPart(media model.Media) (part, error) {
	if media.Data == "" {
		return part{Type: "input_file", FileURL: media.URL}, nil
	}
	if media.IsText() {
		text, err := media.Text()
		return part{Type: "input_text", Text: text}, err
	}
	return part{Type: "input_file", Filename: gpt.Filename(media), FileData: media.Address()}, nil
}
