package gpt

import (
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// UserContent converts the content of a user's message: to a string, or to the parts
// that convert makes of it, a []P. It fails for content that can't be sent, rather than
// omit it.
func UserContent[P any](content agui.Content, convert func(*agui.InputContent) (P, error)) (any, error) {
	inputs := content.Parts()
	if len(inputs) == 0 {
		return content.Text(), nil
	}
	parts := make([]P, 0, len(inputs))
	for i := range inputs {
		if inputs[i].Type == "text" && inputs[i].Text == "" {
			continue // an image without words, from most front ends
		}
		part, err := convert(&inputs[i])
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "", nil
	}
	return parts, nil
}

// Filename returns the name of a document, which files must have.
func Filename(media model.Media) string {
	switch {
	case media.Filename != "":
		return media.Filename
	case media.MimeType == "application/pdf":
		return "document.pdf"
	}
	return "document"
}
