package managed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// callTimeout is how long a call may take, its answer included.
const callTimeout = 20 * time.Second

// How much an answer may have, in bytes: that of a thread's messages or events, and others.
// The rest are of errors: how much is kept, and how much of it is read, since a key across
// the end of what is kept must be whole to be found.
const (
	maxHistory = 64 << 20
	maxAnswer  = 1 << 20
	maxMessage = 2 << 10
	maxRead    = 16 << 10
)

// maxID is how long an id in an address may be, in bytes.
const maxID = 1 << 10

// call is a call of the platform.
type call struct {
	// name is what is being done, for errors.
	name, method string
	// path is that of the address; then come id and rest, if there is an id.
	path     string
	id, rest string
	hasID    bool
	// user is in whose name it is, at the place that is named; nobody's without one.
	user  string
	place place
	query url.Values
	// body is the JSON that is sent, nil for none.
	body   map[string]any
	header http.Header
	// repeatable calls may be sent again where a connection was lost.
	repeatable bool
	// bare calls say nothing of JSON.
	bare bool
	// limit is how much the answer may have, timeout how long it may take. If zero, they
	// default to maxAnswer and callTimeout.
	limit   int
	timeout time.Duration
}

// place is where the platform is told the user.
type place int

const (
	nowhere place = iota
	inQuery
	inBody
	inHeader
)

// errNoAnswer is why there is no answer in time, errAnswer why one can't be used.
var (
	errNoAnswer = errors.New("no answer in time")
	errAnswer   = errors.New("the answer isn't what was asked for")
)

// do makes a call and returns the JSON of the answer, nil for an empty one. What fails is
// an [*intelligence.Error].
func (p *Platform) do(ctx context.Context, c call) (json.RawMessage, error) {
	request, cancel, err := p.newRequest(ctx, &c)
	if err != nil {
		return nil, &intelligence.Error{Call: c.name, Err: err}
	}
	defer cancel()
	status, answer, err := p.send(request, c.limit)
	switch {
	case ctx.Err() != nil:
		return nil, &intelligence.Error{Call: c.name, Err: context.Cause(ctx)}
	case request.Context().Err() != nil:
		return nil, &intelligence.Error{Call: c.name, Err: fmt.Errorf("%w (%v)", errNoAnswer, c.timeout)}
	case err != nil:
		return nil, &intelligence.Error{Call: c.name, Err: p.secrets.Redact(err)}
	case status >= 400:
		return nil, &intelligence.Error{Call: c.name, Status: status, Message: p.message(status, answer)}
	case status < 200 || status > 299:
		return nil, &intelligence.Error{Call: c.name, Err: fmt.Errorf("%w: it has status %d", errAnswer, status)}
	}
	if len(bytes.TrimSpace(answer)) == 0 {
		return nil, nil
	}
	if answer, err = jsonscan.Check(answer); err != nil {
		return nil, &intelligence.Error{Call: c.name, Err: fmt.Errorf("%w: it isn't JSON", errAnswer)}
	}
	return p.mask(answer), nil
}

// object makes a call whose answer is a JSON object.
func (p *Platform) object(ctx context.Context, c call) (json.RawMessage, error) {
	answer, err := p.do(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(answer) == 0 || answer[0] != '{' {
		return nil, &intelligence.Error{Call: c.name, Err: fmt.Errorf("%w: it isn't a JSON object", errAnswer)}
	}
	return answer, nil
}

// decode makes a call, and decodes its answer, a JSON object.
func (p *Platform) decode(ctx context.Context, c call, into any) error {
	answer, err := p.object(ctx, c)
	if err != nil {
		return err
	}
	if json.Unmarshal(answer, into) != nil {
		return &intelligence.Error{Call: c.name, Err: errAnswer} // what json says quotes it
	}
	return nil
}

// newRequest fills in what c leaves out. The request ends when it is canceled, and by its
// time limit.
func (p *Platform) newRequest(ctx context.Context, c *call) (*http.Request, context.CancelFunc, error) {
	if c.limit == 0 {
		c.limit = maxAnswer
	}
	if c.timeout == 0 {
		c.timeout = callTimeout
	}
	if c.place != nowhere && c.user == "" {
		return nil, nil, errNobody
	}
	address := p.api + c.path
	if c.hasID {
		if err := checkID(c.id); err != nil {
			return nil, nil, err
		}
		address += url.PathEscape(c.id) + c.rest
	}
	header := http.Header{"Authorization": {"Bearer " + p.options.APIKey}}
	if !c.bare {
		header.Set("Content-Type", "application/json")
	}
	for name, values := range c.header {
		header[name] = values
	}
	if c.repeatable {
		header["Idempotency-Key"] = nil // for net/http: it isn't sent
	}
	query, body := c.query, c.body
	switch c.place {
	case inQuery:
		if query == nil {
			query = url.Values{}
		}
		query.Set("userId", userID(c.user))
	case inBody:
		body["userId"] = userID(c.user)
	case inHeader:
		header[userHeader] = []string{userID(c.user)}
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, nil, fmt.Errorf("encode the request: %w", err)
		}
		reader = bytes.NewReader(encoded)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	request, err := http.NewRequestWithContext(ctx, c.method, address, reader)
	if err != nil {
		cancel()
		return nil, nil, errors.New("the address can't be asked")
	}
	request.Header = header
	return request, cancel, nil
}

// checkID refuses an id that could be another address once somebody on the way has decoded
// and cleaned it: the key opens the whole project.
func checkID(id string) error {
	if id == "" {
		return fmt.Errorf("%w: it is empty", intelligence.ErrInvalidID)
	}
	if len(id) > maxID {
		return fmt.Errorf("%w: it has more than %d bytes", intelligence.ErrInvalidID, maxID)
	}
	for part := range strings.FieldsFuncSeq(id, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == "." || part == ".." {
			return fmt.Errorf("%w: a part of it is dots alone", intelligence.ErrInvalidID)
		}
	}
	return nil
}

// send returns the status and the body of an answer, of an error only its beginning. An
// observer is told how long all of it took.
func (p *Platform) send(request *http.Request, limit int) (int, []byte, error) {
	_, ended := telemetry.StartCall(request.Context(), telemetry.Call{Method: request.Method, URL: request.URL}, request.Header)
	p.idle.Use()
	response, err := p.client.Do(request)
	if err != nil {
		ended(telemetry.ResultOf(response, err))
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := readBody(response, limit)
	ended(telemetry.ResultOf(response, err))
	return response.StatusCode, body, err
}

func readBody(response *http.Response, limit int) ([]byte, error) {
	if response.StatusCode >= 400 {
		// Whatever can be had of it says more than that it broke off.
		body, _ := io.ReadAll(io.LimitReader(response.Body, maxRead))
		return body, nil
	}
	var body bytes.Buffer
	if size := response.ContentLength; size > 0 && size <= int64(limit) {
		body.Grow(int(size) + bytes.MinRead)
	}
	if _, err := body.ReadFrom(io.LimitReader(response.Body, int64(limit)+1)); err != nil {
		return nil, err
	}
	if body.Len() > limit {
		return nil, fmt.Errorf("an answer of more than %d bytes", limit)
	}
	return body.Bytes(), nil
}

// message returns what the platform says in an error.
func (p *Platform) message(status int, body []byte) string {
	text := strings.TrimSpace(strings.ToValidUTF8(p.secrets.RedactText(string(body)), "\uFFFD"))
	if text == "" {
		return http.StatusText(status)
	}
	return strings.ToValidUTF8(text[:min(len(text), maxMessage)], "")
}

// mask returns an answer without the key: a platform that quotes its requests would tell
// browsers how to be the project.
func (p *Platform) mask(answer []byte) json.RawMessage { return p.credentials.MaskBytes(answer) }
