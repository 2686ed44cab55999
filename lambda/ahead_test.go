package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-lambda-go/events"
	proxy "github.com/awslabs/aws-lambda-go-api-proxy/core"
)

// goingOn answers, ends its answer, and goes on until more is closed.
func goingOn(more <-chan struct{}, ended *bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "the whole answer")
		_ = w.(interface{ Complete() error }).Complete()
		select {
		case <-more:
			*ended = true
		case <-r.Context().Done():
		}
	})
}

func TestAnAnswerEndsBeforeItsHandler(t *testing.T) {
	for name, answer := range map[string]func(http.Handler, *http.Request) (body string, closer io.Closer){
		"in a stream": func(handler http.Handler, r *http.Request) (string, io.Closer) {
			answer := stream(handler, r)
			body, err := io.ReadAll(answer)
			if err != nil {
				t.Error(err)
			}
			return string(body), answer
		},
		"in one piece": func(handler http.Handler, r *http.Request) (string, io.Closer) {
			answer, err := whole(buffered(handler, r, proxy.NewProxyResponseWriterV2))
			if err != nil {
				t.Fatal(err)
			}
			var response events.APIGatewayV2HTTPResponse
			if err := json.NewDecoder(answer.(io.Reader)).Decode(&response); err != nil {
				t.Error(err)
			}
			return response.Body, answer.(io.Closer)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				more, ended, closed := make(chan struct{}), false, false
				body, closer := answer(goingOn(more, &ended), httptest.NewRequest("POST", "/", nil))
				if body != "the whole answer" {
					t.Errorf("the client got %q", body)
				}
				go func() {
					_ = closer.Close()
					closed = true
				}()
				synctest.Wait()
				if closed {
					t.Error("the next event is asked for while the handler goes on")
				}
				close(more)
				synctest.Wait()
				if !closed || !ended {
					t.Errorf("closed: %t, the handler came to its end: %t", closed, ended)
				}
			})
		})
	}
}
