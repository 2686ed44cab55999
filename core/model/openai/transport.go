package openai

import (
	"io"
	"net/http"

	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// streamer sits between go-openai and the network. It sends the body that this
// package has encoded, since the library's type of a request lacks audio, files, a
// temperature of 0 and the fields of other providers. And it takes the answer, since
// the library's reader of streams has no bound and fails on comments and event names.
type streamer struct{}

// call is a request as the streamer sends it, and its answer.
type call struct {
	exchange *transport.Exchange
	sign     func(*http.Request, []byte) error
	body     []byte
	answer   io.ReadCloser
}

type callKey struct{}

// Do sends the body of its context's call.
func (streamer) Do(request *http.Request) (*http.Response, error) {
	c := request.Context().Value(callKey{}).(*call)
	response, err := c.exchange.Do(request, c.body, func(attempt *http.Request) error { return c.sign(attempt, c.body) })
	if err == nil && response.StatusCode < http.StatusBadRequest {
		c.answer, c.body = response.Body, nil
	}
	return response, err
}
