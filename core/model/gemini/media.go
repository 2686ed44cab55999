package gemini

import (
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"path"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// blob is content within the request.
type blob struct {
	MimeType string `json:"mimeType"`
	Data     string `json:"data"`
}

// file is content at an address: an uploaded file's, a bucket's, or any on the web.
type file struct {
	MimeType string `json:"mimeType,omitempty"`
	FileURI  string `json:"fileUri"`
}

// userParts converts the content of a user's message. It fails for content that can't
// be sent, rather than omit it.
func userParts(message agui.Content, vertex bool) ([]part, error) {
	inputs := message.Parts()
	if len(inputs) == 0 {
		return appendText(nil, message.Text()), nil
	}
	parts := make([]part, 0, len(inputs))
	for i := range inputs {
		if inputs[i].Type == "text" {
			parts = appendText(parts, inputs[i].Text)
			continue
		}
		media, err := model.ReadMedia(&inputs[i])
		if err != nil {
			return nil, err
		}
		if media.Data != "" && media.IsText() {
			text, err := media.Text()
			if err != nil {
				return nil, err
			}
			parts = appendText(parts, text)
			continue
		}
		p, err := mediaPart(media, vertex)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// unknownType is the type of media whose client has sent none.
const unknownType = "application/octet-stream"

// usualType returns what Vertex AI is told of an address that says no type, as it must
// be told one.
func usualType(kind string) string {
	switch kind {
	case "image":
		return "image/jpeg"
	case "audio":
		return "audio/mpeg"
	case "video":
		return "video/mp4"
	}
	return "application/pdf"
}

func mediaPart(media model.Media, vertex bool) (part, error) {
	if media.Data == "" {
		if media.MimeType == unknownType {
			media.MimeType = typeOfAddress(media.URL)
		}
		if media.MimeType == "" && vertex {
			media.MimeType = usualType(media.Kind)
		}
		return part{FileData: &file{MimeType: media.MimeType, FileURI: media.URL}}, nil
	}
	if media.MimeType == unknownType {
		media.MimeType = typeOfData(media.Data)
	}
	if media.MimeType == unknownType {
		return part{}, model.Unsupported("an attachment of an unknown type")
	}
	return part{InlineData: &blob{MimeType: media.MimeType, Data: media.Data}}, nil
}

// typeOfAddress returns the media type by the ending of an address, "" if it says
// nothing.
func typeOfAddress(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	found, _, _ := mime.ParseMediaType(mime.TypeByExtension(path.Ext(parsed.Path)))
	return found
}

// typeOfData returns the media type by the first bytes of data in base64.
func typeOfData(data string) string {
	first, err := base64.StdEncoding.DecodeString(data[:min(len(data), 512)/4*4])
	if err != nil {
		return unknownType
	}
	found, _, _ := mime.ParseMediaType(http.DetectContentType(first))
	return found
}
