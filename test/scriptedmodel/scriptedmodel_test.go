package scriptedmodel_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

func ask(t *testing.T, ctx context.Context, url, last string) *http.Response {
	t.Helper()
	body, err := json.Marshal(map[string]any{"messages": []any{map[string]string{"role": "user", "content": last}}})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func said(t *testing.T, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestAnswersComeByMatchOrInTurn(t *testing.T) {
	model := scriptedmodel.New(scriptedmodel.Script{Answers: []scriptedmodel.Answer{
		{Text: "first"}, {Match: "weather", Text: "rain"}, {Text: "second"},
	}})
	server := httptest.NewServer(model)
	defer server.Close()
	for _, test := range [][2]string{{"Hi", "first"}, {"The weather?", "rain"}, {"Hi", "second"}, {"Hi", "second"}} {
		if got := said(t, ask(t, t.Context(), server.URL, test[0])); !strings.Contains(got, test[1]) || !strings.HasSuffix(got, "data: [DONE]\n\n") {
			t.Errorf("%q got %q", test[0], got)
		}
	}
	if got := model.Requests(); len(got) != 4 || !strings.Contains(string(got[1].Body), "weather") {
		t.Errorf("remembers %d requests", len(got))
	}
}

func TestAnErrorHasItsStatusAndHeader(t *testing.T) {
	server := httptest.NewServer(scriptedmodel.New(scriptedmodel.Script{Answers: []scriptedmodel.Answer{
		{Status: 429, Header: map[string]string{"Retry-After": "7"}, Body: json.RawMessage(`{"error":{}}`)},
	}}))
	defer server.Close()
	response := ask(t, t.Context(), server.URL, "Hi")
	if response.StatusCode != 429 || response.Header.Get("Retry-After") != "7" || said(t, response) != `{"error":{}}` {
		t.Errorf("got %v", response.Status)
	}
}

func TestAClientThatLeavesIsNoticed(t *testing.T) {
	model := scriptedmodel.New(scriptedmodel.Script{Answers: []scriptedmodel.Answer{{Text: "word", Hang: true}}})
	server := httptest.NewServer(model)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := bufio.NewReader(ask(t, ctx, server.URL, "Hi").Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if got := model.Status(); got.Open != 1 || got.Left != 0 {
		t.Errorf("before: %+v", got)
	}
	cancel()
	select {
	case <-model.Left():
	case <-time.After(10 * time.Second):
		t.Fatal("nobody left")
	}
	response, err := http.Get(server.URL + "/status")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := strings.TrimSpace(said(t, response)); got != `{"requests":1,"open":0,"left":1}` {
		t.Errorf("after: %s", got)
	}
}

func TestABrokenAnswerHasNoEnd(t *testing.T) {
	server := httptest.NewServer(scriptedmodel.New(scriptedmodel.Script{Answers: []scriptedmodel.Answer{{Text: "word", Break: true}}}))
	defer server.Close()
	body, err := io.ReadAll(ask(t, t.Context(), server.URL, "Hi").Body)
	if err == nil || !strings.Contains(string(body), "word") || strings.Contains(string(body), "DONE") {
		t.Errorf("got %q, %v", body, err)
	}
}
