package transport

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/copilotkit-go/runtime/core/model"
)

func TestTheBodyOfARequestIsLetGoWhileTheAnswerComes(t *testing.T) {
	received := make(chan int, 1)
	end := make(chan struct{})
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received <- len(body)
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-end
	}))
	defer provider.Close()
	defer close(end)
	endpoint, err := NewEndpoint(model.Config{Model: "p/m", BaseURL: provider.URL}, model.Provider{Name: "p"}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer endpoint.Config.HTTPClient.CloseIdleConnections()
	const size = 1 << 20
	var body weak.Pointer[byte]
	open := func(x *Exchange, _ *model.Request) (io.ReadCloser, error) {
		text := []byte(strings.Repeat("x", size))
		body = weak.Make(&text[0])
		return x.Post(provider.URL, text, nil)
	}
	for _, err := range endpoint.Stream(t.Context(), &model.Request{}, open, func(_ *Exchange, answer io.Reader, send Send) error {
		if _, err := answer.Read(make([]byte, 1)); err != nil {
			return err
		}
		if n := <-received; n != size {
			t.Errorf("the provider got %d bytes", n)
		}
		for body.Value() != nil {
			if t.Context().Err() != nil {
				t.Fatal("the body is kept")
			}
			runtime.GC() // until the connection has looked for more
		}
		return nil
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
}
