package openai_test

import (
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

func data(mimeType string) *agui.InputContentSource {
	return &agui.InputContentSource{Type: "data", Value: "aGVsbG8=", MimeType: mimeType}
}

func TestWhatAUserShowsReachesTheModel(t *testing.T) {
	url := &agui.InputContentSource{Type: "url", Value: "https://example.com/cat.png"}
	for name, test := range map[string]struct {
		part agui.InputContent
		want string
	}{
		"text":                           {agui.InputContent{Type: "text", Text: "hi"}, `{"text":"hi","type":"text"}`},
		"an image":                       {agui.InputContent{Type: "image", Source: data("image/png")}, `{"image_url":{"url":"data:image/png;base64,aGVsbG8="},"type":"image_url"}`},
		"an image by address":            {agui.InputContent{Type: "image", Source: url}, `{"image_url":{"url":"https://example.com/cat.png"},"type":"image_url"}`},
		"sound in wav":                   {agui.InputContent{Type: "audio", Source: data("audio/x-wav")}, `{"input_audio":{"data":"aGVsbG8=","format":"wav"},"type":"input_audio"}`},
		"sound in mp3":                   {agui.InputContent{Type: "audio", Source: data("audio/mpeg; rate=44100")}, `{"input_audio":{"data":"aGVsbG8=","format":"mp3"},"type":"input_audio"}`},
		"a PDF":                          {agui.InputContent{Type: "document", Source: data("application/pdf")}, `{"file":{"file_data":"data:application/pdf;base64,aGVsbG8=","filename":"document.pdf"},"type":"file"}`},
		"a document of text":             {agui.InputContent{Type: "document", Source: data("text/markdown")}, `{"text":"hello","type":"text"}`},
		"a data URL":                     {agui.InputContent{Type: "document", Source: &agui.InputContentSource{Type: "url", Value: "data:text/plain;base64,aGVsbG8="}}, `{"text":"hello","type":"text"}`},
		"an older image":                 {agui.InputContent{Type: "binary", MimeType: "image/jpeg", Data: "aGVsbG8="}, `{"image_url":{"url":"data:image/jpeg;base64,aGVsbG8="},"type":"image_url"}`},
		"an older image by address":      {agui.InputContent{Type: "binary", MimeType: "image/jpeg", URL: "https://example.com/a.jpg"}, `{"image_url":{"url":"https://example.com/a.jpg"},"type":"image_url"}`},
		"an older file":                  {agui.InputContent{Type: "binary", MimeType: "application/pdf", Data: "aGVsbG8=", Filename: "bill.pdf"}, `{"file":{"file_data":"data:application/pdf;base64,aGVsbG8=","filename":"bill.pdf"},"type":"file"}`},
		"a named PDF of the stock chat":  {agui.InputContent{Type: "document", Source: data("application/pdf"), Metadata: raw(`{"filename":"bill.pdf"}`)}, `{"file":{"file_data":"data:application/pdf;base64,aGVsbG8=","filename":"bill.pdf"},"type":"file"}`},
		"a named text of the stock chat": {agui.InputContent{Type: "document", Source: data("text/plain"), Metadata: raw(`{"filename":"a.txt"}`)}, `{"text":"a.txt:\nhello","type":"text"}`},
		"a file with other metadata":     {agui.InputContent{Type: "document", Source: data("application/pdf"), Metadata: raw(`[1]`)}, `{"file":{"file_data":"data:application/pdf;base64,aGVsbG8=","filename":"document.pdf"},"type":"file"}`},
		"an older text":                  {agui.InputContent{Type: "binary", MimeType: "text/csv", Data: "aGVsbG8=", Filename: "a.csv"}, `{"text":"a.csv:\nhello","type":"text"}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, scriptedmodel.Answer{Text: "ok"})
			request := saying("")
			request.Messages[0].Content = agui.PartsContent(test.part)
			mustAsk(t, p.model(t), request)
			want := `{"content":[` + test.want + `],"role":"user"}`
			if got := p.sent(t)[0]; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestWhatAModelCannotTakeIsAnErrorThatTheUserSees(t *testing.T) {
	for name, test := range map[string]struct {
		part agui.InputContent
		says string
	}{
		"a video":               {agui.InputContent{Type: "video", Source: data("video/mp4")}, "video"},
		"sound by address":      {agui.InputContent{Type: "audio", Source: &agui.InputContentSource{Type: "url", Value: "https://example.com/a.wav"}}, "audio by address"},
		"sound in a rare form":  {agui.InputContent{Type: "audio", Source: data("audio/midi")}, "audio of type audio/midi"},
		"a document by address": {agui.InputContent{Type: "document", Source: &agui.InputContentSource{Type: "url", Value: "https://example.com/a.pdf"}}, "a document by address"},
		"nothing":               {agui.InputContent{Type: "image"}, "image without data"},
		"an id alone":           {agui.InputContent{Type: "binary", MimeType: "image/png", ID: "file-1"}, "image without data"},
		"text that is no text":  {agui.InputContent{Type: "document", Source: &agui.InputContentSource{Type: "data", MimeType: "text/plain", Value: "%%"}}, "isn't base64"},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t)
			request := saying("")
			request.Messages[0].Content = agui.PartsContent(agui.InputContent{Type: "text", Text: "look"}, test.part)
			_, err := ask(t, p.model(t), request)
			if code(err) != model.CodeUnsupportedContent || !strings.Contains(err.Error(), test.says) {
				t.Errorf("the answer ended with %v", err)
			}
			if len(p.Requests()) != 0 {
				t.Error("the model was called")
			}
		})
	}
}

func TestAnAttachmentThatTheProviderRefusesIsToldApart(t *testing.T) {
	refused := scriptedmodel.Answer{Status: 400, Body: raw(`{"error":{"message":"Invalid content type. image_url is not supported by this model.","type":"invalid_request_error"}}`)}
	with, without := saying(""), saying("Hi")
	with.Messages[0].Content = agui.PartsContent(agui.InputContent{Type: "image", Source: data("image/png")})
	for want, request := range map[model.Code]*model.Request{"unsupported_content": with, "invalid_request": without} {
		_, err := ask(t, scripted(t, refused).model(t), request)
		if code(err) != want {
			t.Errorf("the answer ended with %v, want %s", err, want)
		}
	}
}
