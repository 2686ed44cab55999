package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/model"
)

// maxErrorBody bounds how much of the body of an error is read, in bytes.
const maxErrorBody = 64 << 10

// maxLinger is how long an answer may stay open after the provider has sent its
// finish reason. The usage comes after that, and some providers never close the
// answer.
const maxLinger = time.Second

// ErrStopped reports that the loop over the answer has ended.
var ErrStopped = errors.New("the answer is no longer wanted")

// ErrBroken reports that a stream has ended before the answer was complete.
var ErrBroken = errors.New("the stream ended before the answer was complete")

// ErrNamelessCall reports an answer with a tool call that nobody can make.
var ErrNamelessCall = errors.New("the provider's answer has a tool call without a name")

// Send yields a delta. It fails with [ErrStopped] when no more are wanted.
type Send func(model.Delta) error

// Exchange is one request and its streamed answer.
type Exchange struct {
	// Context ends with the answer, or when the provider is too slow.
	Context    context.Context
	endpoint   *Endpoint
	cancel     context.CancelCauseFunc
	maxRetries int
	linger     *time.Timer
}

// Stream implements Stream of [model.Model]: open sends the request that it is given,
// whose tools are as the provider takes them, and returns the body of the answer, and
// decode sends what it finds there, to the finish. What they fail with is converted to
// an error that is safe to show.
func (e *Endpoint) Stream(ctx context.Context, request *model.Request, open func(*Exchange, *model.Request) (io.ReadCloser, error), decode func(*Exchange, io.Reader, Send) error) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		x := &Exchange{Context: ctx, endpoint: e, cancel: cancel, maxRetries: defaultMaxRetries}
		if retries := request.Settings.MaxRetries; retries != nil {
			x.maxRetries = *retries
		}
		translated, names := e.Tools.Translate(request, &e.schemas)
		body, err := open(x, translated)
		if err == nil {
			defer body.Close()
			err = decode(x, body, func(delta model.Delta) error {
				names.Receive(&delta)
				if !yield(delta, nil) {
					return ErrStopped
				}
				return nil
			})
		}
		if x.linger != nil {
			x.linger.Stop()
		}
		if err != nil && err != ErrStopped {
			yield(model.Delta{}, e.failure(request, x.timedOut(err)))
		}
	}
}

// Linger limits how long the rest of the answer may take, once the finish reason has
// come.
func (x *Exchange) Linger() {
	if x.linger == nil {
		x.linger = time.AfterFunc(maxLinger, func() { x.cancel(nil) })
	}
}

// Post sends a body of JSON and returns that of the answer, which is an event stream.
// Prepare, unless nil, completes each attempt: it sets the headers that sign it. A
// refusal is returned as a [*Failure].
func (x *Exchange) Post(url string, body []byte, prepare func(*http.Request) error) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(x.Context, http.MethodPost, url, nil)
	if err != nil {
		return nil, fmt.Errorf("make the request to the model: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	response, err := x.Do(request, body, prepare)
	if err != nil {
		return nil, fmt.Errorf("call the model: %w", err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, readFailure(response)
	}
	return response.Body, nil
}

// Do sends a request with a body, and again as long as the provider is busy. The body
// of the answer is bounded in time, and that of a refusal, with a status from 400 on,
// in size too. While an answer comes, the body of its request isn't kept.
func (x *Exchange) Do(request *http.Request, body []byte, prepare func(*http.Request) error) (*http.Response, error) {
	config := &x.endpoint.Config
	request.ContentLength = int64(len(body))
	request.GetBody = func() (io.ReadCloser, error) {
		return &requestBody{rest: body}, nil
	}
	defer func() { body = nil }() // the connection has the request until its answer ends
	if limit := config.HeaderTimeout; limit > 0 {
		defer time.AfterFunc(limit, func() { x.cancel(outbound.ErrNoHeader) }).Stop()
	}
	response, err := doWithRetries(config.HTTPClient, request, prepare, x.maxRetries)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < http.StatusBadRequest && strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		// A stream was requested: this is an error with the wrong status.
		response.StatusCode = http.StatusBadGateway
	}
	if response.StatusCode >= http.StatusBadRequest {
		// Within the same time limit. The part that has come may say enough.
		text, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
		response.Body.Close()
		response.Body = io.NopCloser(bytes.NewReader(text))
		return response, nil
	}
	response.Body = idleBody{
		Reader: outbound.NewIdleReader(response.Body, config.IdleTimeout, func() { x.cancel(outbound.ErrSilent) }),
		Closer: response.Body,
	}
	return response, nil
}

// requestBody is the body of a request, which it lets go when it has been read: it may be
// a long conversation, and an answer takes its time.
type requestBody struct{ rest []byte }

func (b *requestBody) Read(p []byte) (n int, err error) {
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n = copy(p, b.rest)
	if b.rest = b.rest[n:]; len(b.rest) == 0 {
		b.rest = nil
	}
	return n, nil
}

func (*requestBody) Close() error { return nil }

type idleBody struct {
	io.Reader
	io.Closer
}

// timedOut returns the time limit that has cut the answer off, or else err.
func (x *Exchange) timedOut(err error) error {
	if !errors.Is(err, context.Canceled) {
		return err // what happened before says more
	}
	config := &x.endpoint.Config
	switch cause := context.Cause(x.Context); cause {
	case outbound.ErrNoHeader:
		return fmt.Errorf("%w (%v)", cause, config.HeaderTimeout)
	case outbound.ErrSilent:
		return fmt.Errorf("%w (%v)", cause, config.IdleTimeout)
	}
	return err
}
