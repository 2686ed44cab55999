package bedrock

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/blocks"
)

// message is a turn in the provider's form.
type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content"`
}

// block is a content block. One field is set.
type block struct {
	Text             *string           `json:"text,omitempty"`
	Image            *mediaBlock       `json:"image,omitempty"`
	Video            *mediaBlock       `json:"video,omitempty"`
	Document         *mediaBlock       `json:"document,omitempty"`
	ToolUse          *toolUse          `json:"toolUse,omitempty"`
	ToolResult       *toolResult       `json:"toolResult,omitempty"`
	ReasoningContent *reasoningContent `json:"reasoningContent,omitempty"`
	CachePoint       json.RawMessage   `json:"cachePoint,omitempty"`
}

// mediaBlock is an image, a video or a document. Documents alone have a name.
type mediaBlock struct {
	Format string      `json:"format"`
	Name   string      `json:"name,omitempty"`
	Source mediaSource `json:"source"`
}

type mediaSource struct {
	Bytes      string      `json:"bytes,omitempty"`
	S3Location *s3Location `json:"s3Location,omitempty"`
}

type s3Location struct {
	URI string `json:"uri"`
}

type toolUse struct {
	ToolUseID string          `json:"toolUseId"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
}

type toolResult struct {
	ToolUseID string  `json:"toolUseId"`
	Content   []block `json:"content"`
}

type reasoningContent struct {
	ReasoningText   *reasoningText `json:"reasoningText,omitempty"`
	RedactedContent string         `json:"redactedContent,omitempty"`
}

type reasoningText struct {
	Text      string `json:"text"`
	Signature string `json:"signature"`
}

// encoder converts the turns of one conversation.
type encoder struct {
	// shortIDs is set if the model wants nine letters and digits for the id of a call.
	shortIDs bool
	// documents are the names of documents, which must differ.
	documents map[string]bool
}

func encodeTurns(turns []blocks.Turn, shortIDs bool) ([]message, error) {
	e := &encoder{shortIDs: shortIDs, documents: make(map[string]bool)}
	messages := make([]message, len(turns))
	for i, turn := range turns {
		messages[i].Role = "assistant"
		if turn.User {
			messages[i].Role = "user"
		}
		hasText, hasDocument := false, false
		for j := range turn.Parts {
			encoded, err := e.part(&turn.Parts[j])
			if err == errForged {
				continue
			}
			if err != nil {
				return nil, err
			}
			hasText, hasDocument = hasText || encoded.Text != nil, hasDocument || encoded.Document != nil
			messages[i].Content = append(messages[i].Content, encoded)
		}
		if hasDocument && !hasText { // which the API refuses
			messages[i].Content = append(messages[i].Content, textBlock("(See the document.)"))
		}
	}
	return messages, nil
}

func textBlock(text string) block { return block{Text: &text} }

// errForged reports encrypted reasoning that the client has made up. The API can't
// decode a request with it.
var errForged = errors.New("encrypted reasoning that isn't base64")

func (e *encoder) part(part *blocks.Part) (block, error) {
	switch part.Kind {
	case blocks.Media:
		return e.media(part.Media)
	case blocks.Call:
		return block{ToolUse: &toolUse{ToolUseID: e.id(part.ID), Name: part.Name, Input: json.RawMessage(part.Arguments)}}, nil
	case blocks.Result:
		text := part.Text
		if strings.TrimSpace(text) == "" {
			text = "(empty)" // blank text is refused
		}
		return block{ToolResult: &toolResult{ToolUseID: e.id(part.ID), Content: []block{textBlock(text)}}}, nil
	case blocks.Reasoning:
		if part.Data.Signature == "" {
			redacted, err := joinBase64(part.Data.Redacted)
			if err != nil {
				return block{}, errForged
			}
			return block{ReasoningContent: &reasoningContent{RedactedContent: redacted}}, nil
		}
		return block{ReasoningContent: &reasoningContent{ReasoningText: &reasoningText{part.Text, part.Data.Signature}}}, nil
	}
	return textBlock(part.Text), nil
}

// id returns the id of a call as the model wants it.
func (e *encoder) id(id string) string {
	if e.shortIDs {
		return blocks.Hash(id)[:9]
	}
	return blocks.ID(id)
}

// joinBase64 joins pieces of base64, each of which may be padded, to one.
func joinBase64(text string) (string, error) {
	var joined []byte
	for text != "" {
		end := strings.IndexByte(text, '=')
		if end < 0 {
			end = len(text)
		}
		for end < len(text) && text[end] == '=' {
			end++
		}
		piece, err := base64.StdEncoding.DecodeString(text[:end])
		if err != nil {
			return "", err
		}
		joined, text = append(joined, piece...), text[end:]
	}
	return base64.StdEncoding.EncodeToString(joined), nil
}

// formats are the formats that the API has, by media type.
var formats = map[string]map[string]string{
	"image": {"image/jpeg": "jpeg", "image/jpg": "jpeg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"},
	"video": {
		"video/x-matroska": "mkv", "video/quicktime": "mov", "video/mp4": "mp4", "video/webm": "webm", "video/x-flv": "flv",
		"video/mpeg": "mpeg", "video/mpg": "mpg", "video/x-ms-wmv": "wmv", "video/wmv": "wmv", "video/3gpp": "three_gp",
	},
	"document": {
		"application/pdf": "pdf", "text/csv": "csv", "application/msword": "doc",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx", "application/vnd.ms-excel": "xls",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx", "text/html": "html", "text/plain": "txt", "text/markdown": "md",
	},
}

func (e *encoder) media(media model.Media) (block, error) {
	format := formats[media.Kind][media.MimeType]
	if format == "" && media.IsText() {
		format = "txt"
	}
	if format == "" {
		return block{}, model.Unsupported(media.Kind + " of type " + media.MimeType)
	}
	converted := &mediaBlock{Format: format, Source: mediaSource{Bytes: media.Data}}
	if media.URL != "" {
		if !strings.HasPrefix(media.URL, "s3://") {
			return block{}, model.Unsupported(media.Kind + " by address")
		}
		converted.Source.S3Location = &s3Location{media.URL}
	}
	switch media.Kind {
	case "image":
		return block{Image: converted}, nil
	case "video":
		return block{Video: converted}, nil
	}
	converted.Name = e.documentName(media.Filename)
	return block{Document: converted}, nil
}

// maxDocumentName is the length of the longest name that documents get. The API has
// 200.
const maxDocumentName = 100

// documentName returns a name for a document, of what the API accepts: letters and
// digits, single spaces, hyphens, parentheses and square brackets. No two are the same.
func (e *encoder) documentName(filename string) string {
	if at := strings.LastIndexByte(filename, '.'); at > 0 {
		filename = filename[:at]
	}
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-()[]", r):
			return r
		}
		return ' '
	}, filename)
	name = strings.Join(strings.Fields(name), " ")
	name = strings.TrimSpace(name[:min(len(name), maxDocumentName)])
	if name == "" {
		name = "document"
	}
	unique := name
	for n := 2; e.documents[unique]; n++ {
		unique = name + " (" + strconv.Itoa(n) + ")"
	}
	e.documents[unique] = true
	return unique
}

// mark marks what the provider should cache in the conversation: up to the last two
// turns of the user, which the next step and the next run begin with. There are two
// since the provider looks for what it has cached only twenty blocks back, and a step
// may add more.
func mark(messages []message) {
	marked := 0
	for i := len(messages) - 1; i >= 0 && marked < 2; i-- {
		if messages[i].Role == "user" {
			messages[i].Content = append(messages[i].Content, block{CachePoint: cachePoint})
			marked++
		}
	}
}
