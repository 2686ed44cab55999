package dialecttest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/iotest"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

// replay answers with a body.
type replay struct {
	header http.Header
	body   io.Reader
}

func (r *replay) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: r.header, Body: io.NopCloser(r.body)}, nil
}

// TestAStreamMayBreakAnywhere cuts an answer at each byte, changes each byte, and sends it
// byte by byte.
func TestAStreamMayBreakAnywhere(t *testing.T) {
	in, out := int64(3), int64(4)
	deltas := []model.Delta{
		{Kind: model.KindReasoning, Text: "Hm 🚀"}, {Kind: model.KindText, Text: "I \"paint\" ž"},
		{Kind: model.KindToolCall, ID: "c1", Name: "paint"}, {Kind: model.KindArguments, Text: `{"color":"réd"}`},
		{Kind: model.KindFinish, Finish: &model.Finish{Reason: model.FinishToolCalls, Usage: &model.Usage{InputTokens: &in, OutputTokens: &out}}},
	}
	for _, dialect := range dialects {
		t.Run(dialect.name, func(t *testing.T) {
			recorded := httptest.NewRecorder()
			p := &provider{data: dialect.reasoningData}
			p.answer(t, modeltest.Answer{Deltas: append([]model.Delta(nil), deltas...)})
			dialect.serve(recorded, httptest.NewRequest(http.MethodPost, "/", nil), p.answers[0])
			whole := recorded.Body.Bytes()
			network := &replay{header: recorded.Result().Header}
			config := dialect.config
			config.BaseURL, config.HTTPClient = "https://host.example"+config.BaseURL, &http.Client{Transport: network}
			config.LookupEnv = func(string) (string, bool) { return "", false }
			m, err := dialect.providers.New(config)
			if err != nil {
				t.Fatal(err)
			}
			read := func(body io.Reader) (got string, finished bool, failed error) {
				network.body = body
				request := &model.Request{Messages: []agui.Message{said(agui.RoleUser, "Hi")}, History: 1, Settings: model.Settings{MaxRetries: new(int)}}
				for delta, err := range m.Stream(t.Context(), request) {
					if finished || failed != nil {
						t.Fatal("something follows the end")
					}
					if failed = err; err == nil {
						got += fmt.Sprint(delta.Kind, delta.Call, delta.ID, delta.Name, delta.Text, ";")
					}
					finished = delta.Kind == model.KindFinish
				}
				if !finished && failed == nil {
					t.Fatalf("the answer just stops after %s", got)
				}
				return got, finished, failed
			}
			want, _, err := read(bytes.NewReader(whole))
			if err != nil {
				t.Fatal(err)
			}
			if got, _, err := read(iotest.OneByteReader(bytes.NewReader(whole))); got != want || err != nil {
				t.Errorf("byte by byte it is %s, and %v, not %s", got, err, want)
			}
			for at := range whole {
				if got, finished, _ := read(bytes.NewReader(whole[:at])); finished && got != want {
					t.Errorf("of the first %d bytes %s was complete", at, got)
				}
				changed := bytes.Clone(whole)
				changed[at] = "\"9}"[at%3]
				read(bytes.NewReader(changed))
			}
		})
	}
}
