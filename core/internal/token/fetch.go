package token

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
)

// maxAnswer bounds the answer of a token endpoint, and maxReason what of a refusal is
// logged, in bytes.
const (
	maxAnswer = 1 << 20
	maxReason = 300
)

// PlatformClient returns a client for the platform's own endpoints at link-local
// addresses: without a proxy, and quick to notice that there is no such platform.
func PlatformClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:       (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// PublicClient returns a client for the token endpoints of a cloud, through the
// environment's proxy.
func PublicClient() *http.Client {
	client := PlatformClient()
	transport := client.Transport.(*http.Transport)
	transport.Proxy = http.ProxyFromEnvironment
	transport.DialContext = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	return client
}

// Fetch returns the token that a request asks for, in the form of OAuth 2.0. It asks up
// to three times as long as the endpoint is busy. Its errors have neither the address
// nor what was sent.
func Fetch(client *http.Client, request *http.Request) (Token, error) {
	return FetchFor(client, request, 0)
}

// FetchFor does the same with an endpoint that may leave out how long its tokens are
// good: then it is life. Without a life that is an error.
func FetchFor(client *http.Client, request *http.Request, life time.Duration) (Token, error) {
	for attempt := 0; ; attempt++ {
		if request.GetBody != nil {
			body, err := request.GetBody()
			if err != nil {
				return Token{}, err
			}
			request.Body = body
		}
		response, err := client.Do(request)
		if err != nil {
			return Token{}, WithoutURL(err)
		}
		answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		response.Body.Close()
		switch {
		case err != nil:
			return Token{}, err
		case response.StatusCode == http.StatusOK:
			return parse(answer, life)
		case attempt == 2 || !busy(response.StatusCode) || pause.Sleep(request.Context(), (time.Second/2)<<attempt) != nil:
			return Token{}, Refusal(response.StatusCode, answer)
		}
	}
}

// busy reports whether an endpoint may have a token later. Azure's answers 410 while it
// is brought up to date.
func busy(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusGone || status >= http.StatusInternalServerError
}

// parse decodes a token. Azure has some numbers as strings, and some endpoints of it
// have no other time than the one when the token ends.
func parse(answer []byte, life time.Duration) (Token, error) {
	var fields struct {
		AccessToken string          `json:"access_token"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
		ExpiresOn   json.RawMessage `json:"expires_on"`
	}
	if json.Unmarshal(answer, &fields) != nil || fields.AccessToken == "" || strings.ContainsFunc(fields.AccessToken, notVisible) {
		return Token{}, errors.New("the answer has no token")
	}
	if seconds, ok := number(fields.ExpiresIn); ok {
		return Token{fields.AccessToken, time.Now().Add(time.Duration(seconds) * time.Second)}, nil
	}
	if seconds, ok := number(fields.ExpiresOn); ok {
		return Token{fields.AccessToken, time.Unix(seconds, 0)}, nil
	}
	if life > 0 && fields.ExpiresIn == nil {
		return Token{fields.AccessToken, time.Now().Add(life)}, nil
	}
	return Token{}, errors.New("the answer doesn't say how long the token is good")
}

func notVisible(r rune) bool { return r <= ' ' || r > '~' }

// number returns a positive number of seconds that can be added to a time.
func number(raw json.RawMessage) (int64, bool) {
	value, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	return value, err == nil && value > 0 && value < 1<<33
}

// Refusal returns the error with which an endpoint answers, in the form of OAuth 2.0.
// What it says is for people, and quotes no secret.
func Refusal(status int, answer []byte) error {
	var fields struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	text := ""
	if json.Unmarshal(answer, &fields) == nil {
		json.Unmarshal(fields.Error, &text)
		description, _, _ := strings.Cut(fields.Description, "\n")
		text = strings.TrimSuffix(text+": "+strings.TrimSpace(description), ": ")
	}
	text = cmp.Or(strings.TrimPrefix(text, ": "), http.StatusText(status))
	return fmt.Errorf("status %d: %s", status, text[:min(len(text), maxReason)])
}

// WithoutURL returns an error of an HTTP client without the address, which can hold
// what isn't for a log.
func WithoutURL(err error) error {
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		if wrapped.Timeout() {
			return context.DeadlineExceeded
		}
		return wrapped.Err
	}
	return err
}
