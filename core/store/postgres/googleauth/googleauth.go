// Package googleauth signs in to Cloud SQL and AlloyDB with the service account of a
// Google Cloud function or service instead of a password: what package postgres takes for
// a password is an access token of the metadata server.
package googleauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/store/postgres"
)

const (
	// timeout is for one answer of the metadata server, which is on the same machine.
	timeout = 5 * time.Second
	// margin is how long before its end a token isn't used any more.
	margin = time.Minute
	// maxAnswer is how long an answer may be, in bytes.
	maxAnswer = 1 << 20
)

// Password returns a function that asks the metadata server for tokens, and keeps each for
// as long as it is good. The service account needs the roles for signing in, and is the
// user of the store's address, without .gserviceaccount.com. GCE_METADATA_HOST of the
// environment names another metadata server.
func Password(getenv func(string) string) postgres.PasswordFunc {
	host := getenv("GCE_METADATA_HOST")
	if host == "" {
		host = "metadata.google.internal"
	}
	// No proxy, since it is on the same machine.
	s := &source{
		address: "http://" + host + "/computeMetadata/v1/instance/service-accounts/default/token",
		client:  &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	return func(ctx context.Context, _ postgres.Login) (string, error) { return s.token(ctx) }
}

// source keeps the last token.
type source struct {
	address string
	client  *http.Client

	mu    sync.Mutex
	last  string
	until time.Time // by the wall clock, which goes on while an instance is frozen
}

func (s *source) token(ctx context.Context) (string, error) {
	s.mu.Lock()
	last, until := s.last, s.until
	s.mu.Unlock()
	if time.Now().Round(0).Before(until) {
		return last, nil
	}
	token, lasts, err := s.fetch(ctx)
	if err != nil {
		return "", fmt.Errorf("sign in to Cloud SQL: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last, s.until = token, time.Now().Round(0).Add(lasts-margin)
	return token, nil
}

func (s *source) fetch(ctx context.Context) (token string, lasts time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address, nil)
	if err != nil {
		return "", 0, err
	}
	request.Header.Set("Metadata-Flavor", "Google")
	response, err := s.client.Do(request)
	if err != nil {
		return "", 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", 0, fmt.Errorf("the metadata server answers %s", response.Status)
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	// What is wrong with it isn't said, since a token may be quoted.
	if json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer) != nil || answer.AccessToken == "" {
		return "", 0, errors.New("the metadata server's answer has no token")
	}
	return answer.AccessToken, time.Duration(answer.ExpiresIn) * time.Second, nil
}
