package lambdaapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// StreamingContentType is the type of a streamed answer: a prelude, eight NUL bytes,
// and the body, which is passed on as it arrives.
const StreamingContentType = "application/vnd.awslambda.http-integration-response"

// Response is the answer of a function to an invocation.
type Response struct {
	// Instance is the instance that answers.
	Instance *Instance
	// Header is the header of the request with which the function posts its answer.
	Header http.Header
	// Trailer has the function's error, if it failed after the answer had begun. It
	// may be read after Read has returned io.EOF.
	Trailer http.Header

	body *io.PipeReader
}

// Read reads the answer as it arrives.
func (r *Response) Read(p []byte) (int, error) { return r.body.Read(p) }

// Close ends reading. The function isn't notified, and may go on writing.
func (r *Response) Close() error { return r.body.Close() }

// Streaming reports whether the answer is in the streaming format.
func (r *Response) Streaming() bool { return r.Header.Get("Content-Type") == StreamingContentType }

// FunctionError is an error that a function reports instead of an answer.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

// Error returns the type and the message.
func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// runtimeAPI serves the Runtime API.
func (i *Instance) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", i.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", i.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", i.failure)
	return mux
}

// next blocks until there is an invocation. The call also tells that the function has
// finished the one before.
func (i *Instance) next(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.calls = append(i.calls, "next")
	i.polls++
	if i.initialized == 0 {
		i.initialized = time.Since(i.Started)
		if initialized := i.function.config.Initialized; initialized != nil {
			initialized(i.process.Process.Pid)
		}
	}
	i.freeze()
	i.mu.Unlock()
	i.function.free <- i

	select {
	case inv := <-i.queue:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:copilotkit")
		w.Header().Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(inv.event)
	case <-r.Context().Done():
	}
}

// response receives an answer and lets the invoker read it as it arrives. The
// invocation is pending until the answer ends, so the deadline includes all of it.
func (i *Instance) response(w http.ResponseWriter, r *http.Request) {
	inv := i.find(r.PathValue("id"))
	if inv == nil {
		http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	}
	i.record("response begins " + inv.id)
	reader, writer := io.Pipe()
	response := &Response{Instance: i, Header: r.Header, body: reader}
	inv.answer <- answer{response: response}

	_, err := io.Copy(&tolerantWriter{w: writer}, r.Body)
	if err != nil {
		err = fmt.Errorf("the function broke its answer off: %w", err)
	}
	response.Trailer = r.Trailer
	i.finish(inv, "response ends "+inv.id)
	_ = writer.CloseWithError(err) // a nil error is io.EOF
	w.WriteHeader(http.StatusAccepted)
}

// failure receives an error.
func (i *Instance) failure(w http.ResponseWriter, r *http.Request) {
	inv := i.find(r.PathValue("id"))
	if inv == nil {
		http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	}
	functionError := &FunctionError{}
	var err error = functionError
	if decodeErr := json.NewDecoder(r.Body).Decode(functionError); decodeErr != nil {
		err = errors.Join(errors.New("the function reported an error that can't be read"), decodeErr)
	}
	i.finish(inv, "error "+inv.id)
	inv.answer <- answer{err: err}
	w.WriteHeader(http.StatusAccepted)
}

func (i *Instance) find(id string) *invocation {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.pending[id]
}

func (i *Instance) finish(inv *invocation, call string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.pending, inv.id)
	i.calls = append(i.calls, call)
}

// tolerantWriter discards what nobody reads any more, as Lambda does when the client
// has disconnected.
type tolerantWriter struct {
	w    io.Writer
	gone bool
}

func (t *tolerantWriter) Write(p []byte) (int, error) {
	if !t.gone {
		if _, err := t.w.Write(p); err != nil {
			t.gone = true
		}
	}
	return len(p), nil
}
