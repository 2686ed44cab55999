package otel

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// Exporter is where traces or metrics go: a collector that speaks OTLP over HTTP, in
// protobuf.
type Exporter struct {
	// URL is the whole address, with its path.
	URL *url.URL
	// Header is sent with every request. It may hold secrets.
	Header http.Header
	// Timeout is how long one export may take.
	Timeout time.Duration
	// Gzip compresses what is sent.
	Gzip bool
	// TLS is how the collector is trusted, nil for the system's way.
	TLS *tls.Config
}

// sender sends the exports of one signal.
type sender struct {
	*Exporter
	client      *http.Client
	connections outbound.Connections
	secrets     outbound.Secrets
}

func newSender(exporter *Exporter, client *http.Client) *sender {
	if client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost, transport.MaxResponseHeaderBytes = 2, maxAnswer
		if exporter.TLS != nil {
			transport.TLSClientConfig = exporter.TLS
		}
		client = &http.Client{Transport: transport}
	}
	own := *client
	// The headers are for the collector alone, and a collector has no reason to send
	// anybody elsewhere.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s := &sender{Exporter: exporter, client: &own, secrets: outbound.NewSecrets(exporter.Header, exporter.URL)}
	s.connections.Transport, _ = client.Transport.(*http.Transport)
	return s
}

// refusal is an answer of a collector other than success.
type refusal struct {
	status int
	// after is how long the collector asks to be left alone, 0 if it doesn't.
	after time.Duration
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the collector answers with status %d", r.status)
}

// temporary reports whether what was refused may be sent again, as OTLP has it.
func (r *refusal) temporary() bool {
	switch r.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

const (
	// maxAnswer is how much of an answer is read, so that its connection can be used again.
	maxAnswer = 16 << 10
	// maxRetryAfter bounds what a collector can ask for.
	maxRetryAfter = 5 * time.Minute
)

// send sends one export. Its error is safe to log.
func (s *sender) send(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	s.connections.Use()
	header := s.Header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	header.Set("Content-Type", "application/x-protobuf")
	header.Set("User-Agent", "copilotkit-go")
	// An export that met a connection that was just closed is sent again: whoever gets it
	// twice knows spans by their ids.
	header["Idempotency-Key"] = nil
	if s.Gzip {
		header.Set("Content-Encoding", "gzip")
		body = compressed(body)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL.String(), bytes.NewReader(body))
	if err != nil {
		return s.secrets.Redact(err)
	}
	request.Header = header
	response, err := s.client.Do(request)
	if err != nil {
		return s.secrets.Redact(err)
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return &refusal{status: response.StatusCode, after: retryAfter(response.Header.Get("Retry-After"))}
	}
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer))
	return s.secrets.Redact(err)
}

func (s *sender) close() { s.connections.Close() }

func compressed(body []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is one
	_, _ = w.Write(body)                            // a Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// retryAfter returns what the header asks for, 0 for nothing.
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return min(time.Duration(min(seconds, 3600))*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(time.Until(at), 0), maxRetryAfter)
	}
	return 0
}

// lost reports whether what could not be sent is not to be sent again.
func lost(err error) bool {
	var refused *refusal
	return errors.As(err, &refused) && !refused.temporary()
}
