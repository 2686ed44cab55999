package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	proxy "github.com/awslabs/aws-lambda-go-api-proxy/core"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// format2 answers an event of format 2.0, from a Function URL or an HTTP API.
func (f *function) format2(ctx context.Context, payload []byte, body eventBody, canStream bool) (any, error) {
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("decode an event of format 2.0: %w", err)
	}
	r, err := requestFromFormat2(ctx, event)
	handler, r := f.orBadRequest(ctx, r, body, err)
	if f.buffered || !canStream {
		return whole(buffered(handler, r, proxy.NewProxyResponseWriterV2))
	}
	answer := stream(handler, r)
	header, cookies := joinedHeader(answer.header)
	return &events.LambdaFunctionURLStreamingResponse{
		StatusCode: answer.status,
		Headers:    header,
		Cookies:    cookies,
		Body:       answer,
	}, nil
}

// format1 answers an event of format 1.0, from a REST API, or an HTTP API that is set
// to it.
func (f *function) format1(ctx context.Context, payload []byte, body eventBody, version string) (any, error) {
	var event events.APIGatewayProxyRequest
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("decode an event of format 1.0: %w", err)
	}
	r, err := requestFromFormat1(ctx, event, version)
	handler, r := f.orBadRequest(ctx, r, body, err)
	if f.buffered || version != "" {
		return whole(buffered(handler, r, proxy.NewProxyResponseWriter))
	}
	answer := stream(handler, r)
	return &events.APIGatewayProxyStreamingResponse{
		StatusCode:        answer.status,
		MultiValueHeaders: answer.header,
		Body:              answer,
	}, nil
}

// loadBalancer answers an event of an Application Load Balancer, which expects the
// headers in the form in which it sends them.
func (f *function) loadBalancer(ctx context.Context, payload []byte, body eventBody) (any, error) {
	var event events.ALBTargetGroupRequest
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("decode a load balancer's event: %w", err)
	}
	r, err := requestFromLoadBalancer(ctx, event)
	handler, r := f.orBadRequest(ctx, r, body, err)
	response, goingOn, err := buffered(handler, r, proxy.NewProxyResponseWriterALB)
	if err != nil {
		return nil, err
	}
	response.StatusDescription = fmt.Sprintf("%d %s", response.StatusCode, http.StatusText(response.StatusCode))
	if event.MultiValueHeaders == nil {
		header, cookies := joinedHeader(response.MultiValueHeaders)
		if len(cookies) > 0 {
			header["Set-Cookie"] = cookies[len(cookies)-1]
		}
		response.Headers, response.MultiValueHeaders = header, nil
	}
	return whole(response, goingOn, nil)
}

// orBadRequest returns the function's handler, and the request with its body; or a
// handler that answers 400 if the event couldn't be converted to a request.
func (f *function) orBadRequest(ctx context.Context, r *http.Request, body eventBody, err error) (http.Handler, *http.Request) {
	if err == nil {
		err = body.addTo(r)
	}
	if err == nil {
		return f.handler, withTrace(ctx, r)
	}
	slog.WarnContext(ctx, "an event could not be turned into a request", "error", err)
	refuse := func(w http.ResponseWriter, r *http.Request) {
		writeError(w, r, http.StatusBadRequest, "Invalid request")
	}
	return http.HandlerFunc(refuse), new(http.Request).WithContext(ctx)
}

// joinedHeader returns one value per header, and the cookies separately, since they
// can't be joined.
func joinedHeader(header http.Header) (joined map[string]string, cookies []string) {
	joined = make(map[string]string, len(header))
	for name, values := range header {
		if name == "Set-Cookie" {
			cookies = values
			continue
		}
		joined[name] = strings.Join(values, ",")
	}
	return joined, cookies
}

// libraryWriter is one of the proxy library's writers, which buffer the whole answer.
type libraryWriter[Response any] interface {
	http.ResponseWriter
	GetProxyResponse() (Response, error)
}

// buffered serves a request and returns the whole answer. If something goes on after it,
// goingOn is closed when nothing does any more; otherwise that is nil.
func buffered[Response any, Writer libraryWriter[Response]](handler http.Handler, r *http.Request, newWriter func() Writer) (response Response, goingOn <-chan struct{}, err error) {
	ctx, cancel := beforeDeadline(r.Context())
	defer cancel()
	ctx, background := core.WithBackground(ctx)
	w := newWriter()
	if serve(handler, &answerWriter{ResponseWriter: w}, r.WithContext(ctx)) != nil {
		w = newWriter()
		writeError(w, r, http.StatusInternalServerError, "internal_error")
	}
	response, err = w.GetProxyResponse()
	return response, background.Done(), err
}

// whole returns an answer for the SDK, which asks for the next event only when what goes
// on after it has ended.
func whole[Response any](response Response, goingOn <-chan struct{}, err error) (any, error) {
	if err != nil || goingOn == nil {
		return response, err
	}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(response); err != nil {
		return nil, fmt.Errorf("encode an answer: %w", err)
	}
	return &wholeAnswer{reader: &encoded, goingOn: goingOn}, nil
}

// wholeAnswer is an answer whose request goes on. The SDK closes it before it asks for
// the next event.
type wholeAnswer struct {
	reader  io.Reader
	goingOn <-chan struct{}
}

func (a *wholeAnswer) Read(p []byte) (int, error) { return a.reader.Read(p) }

// ContentType is that of an answer in one piece.
func (a *wholeAnswer) ContentType() string { return "application/json" }

// Close waits until nothing of the request goes on.
func (a *wholeAnswer) Close() error {
	<-a.goingOn
	return nil
}

// margin is how long before Lambda's deadline the context of a request ends.
const margin = time.Second

// beforeDeadline returns a context that ends shortly before Lambda kills the instance,
// so that a handler that waits can still answer. The runtime closes a run earlier, by
// its own margin.
func beforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

// errPanicked is what Lambda gets for a panic, whose value is only logged.
type errPanicked struct{}

func (errPanicked) Error() string { return "the request could not be completed" }

// serve calls the handler and converts a panic to an error, since it would end the
// process, and with it the instance.
func serve(handler http.Handler, w *answerWriter, r *http.Request) (err error) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		err = errPanicked{}
		if value != http.ErrAbortHandler {
			slog.ErrorContext(r.Context(), "panic while a request was answered", "panic", value, "stack", string(debug.Stack()))
		}
	}()
	handler.ServeHTTP(w, r)
	if !w.started {
		w.WriteHeader(http.StatusOK)
	}
	return nil
}

// answerWriter records whether the answer has begun.
type answerWriter struct {
	http.ResponseWriter
	started bool
}

// hopByHop are the headers of a connection (RFC 9110, 7.6.1), and there is none
// behind a front door.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// WriteHeader sends the first status and ignores those that follow.
func (w *answerWriter) WriteHeader(status int) {
	if w.started {
		return
	}
	w.started = true
	for _, name := range hopByHop {
		w.Header().Del(name)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends the status 200 if none was sent, and passes the bytes on.
func (w *answerWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// Unwrap returns the writer inside, for [http.ResponseController].
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush does nothing: an answer is either unbuffered or buffered whole.
func (w *answerWriter) Flush() {}

// writeError answers with an error that has the invocation's id, which Lambda's lines of
// it have.
func writeError(w http.ResponseWriter, r *http.Request, status int, what string) {
	id := telemetry.RequestID(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(telemetry.RequestIDHeader, id)
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"error":%q,"requestId":%q}`, what, id)
}
