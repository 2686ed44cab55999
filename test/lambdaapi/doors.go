package lambdaapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Door is a front door of a function: it converts HTTP requests to events, and the
// function's responses to HTTP answers.
type Door interface {
	// event returns the event of a request.
	event(r *http.Request, body []byte) any
	// streams reports whether answers are passed on as they arrive.
	streams() bool
}

// answerHead is the beginning of every answer, buffered or streamed.
type answerHead struct {
	StatusCode        int                 `json:"statusCode"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Cookies           []string            `json:"cookies"`
	// Body is only set in a buffered answer.
	Body            string `json:"body"`
	IsBase64Encoded bool   `json:"isBase64Encoded"`
}

// Handler serves the function behind a front door. A response that Lambda or the door
// would refuse becomes a 502 with the reason in its body.
func (f *Function) Handler(door Door) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		event, err := json.Marshal(door.event(r, body))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if err := f.pass(r.Context(), w, door, event); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
}

// pass invokes the function and writes its answer. If it fails, nothing was written; if
// the body breaks off, it breaks the connection off too.
func (f *Function) pass(ctx context.Context, w http.ResponseWriter, door Door, event []byte) error {
	response, err := f.Invoke(ctx, event)
	if err != nil {
		return err
	}
	defer func() { _ = response.Close() }()
	if response.Streaming() != door.streams() {
		return fmt.Errorf("the door streams: %v, but the function answered with content type %q", door.streams(), response.Header.Get("Content-Type"))
	}
	if !door.streams() {
		return passBuffered(w, response)
	}
	head, rest, err := ReadPrelude(response)
	if err != nil {
		return err
	}
	head.write(w)
	controller := http.NewResponseController(w)
	if err := copyFlushing(w, controller, rest); err != nil {
		panic(http.ErrAbortHandler)
	}
	if response.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "" {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// Prelude is the head of a streamed answer.
type Prelude = answerHead

// ReadPrelude reads a streamed answer's head up to the eight NUL bytes after
// it, and returns the reader of the body.
func ReadPrelude(response io.Reader) (*Prelude, io.Reader, error) {
	separator := make([]byte, 8)
	var read []byte
	buffer := make([]byte, 4096)
	for {
		n, err := response.Read(buffer)
		read = append(read, buffer[:n]...)
		if end := bytes.Index(read, separator); end >= 0 {
			head := &Prelude{}
			if err := json.Unmarshal(read[:end], head); err != nil {
				return nil, nil, fmt.Errorf("decode the prelude %q: %w", read[:end], err)
			}
			return head, io.MultiReader(bytes.NewReader(read[end+len(separator):]), response), nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read the prelude: %w", errors.Join(err, fmt.Errorf("got %q", read)))
		}
	}
}

func passBuffered(w http.ResponseWriter, response *Response) error {
	data, err := io.ReadAll(response)
	if err != nil {
		return err
	}
	head := &answerHead{}
	if err := json.Unmarshal(data, head); err != nil {
		return fmt.Errorf("decode the answer %q: %w", data, err)
	}
	if head.StatusCode == 0 {
		return fmt.Errorf("the answer has no status: %q", data)
	}
	body := []byte(head.Body)
	if head.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(head.Body); err != nil {
			return fmt.Errorf("decode the answer's body: %w", err)
		}
	}
	head.write(w)
	_, err = w.Write(body)
	return err
}

// write sends the status and the headers.
func (a *answerHead) write(w http.ResponseWriter) {
	for name, value := range a.Headers {
		w.Header().Set(name, value)
	}
	for name, values := range a.MultiValueHeaders {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	for _, cookie := range a.Cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	w.WriteHeader(a.StatusCode)
}

func copyFlushing(w io.Writer, controller *http.ResponseController, r io.Reader) error {
	buffer := make([]byte, 32<<10)
	for {
		n, err := r.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return err
			}
			if err := controller.Flush(); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
