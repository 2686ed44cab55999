package mcpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"sync/atomic"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// newClient returns a session's client, which adds header to every request and bounds the
// answers. What it sends ends with ctx, but for the request that ends the session.
func (s *Server) newClient(ctx context.Context, header http.Header, session *Session) *http.Client {
	wrapped := s.client
	wrapped.Transport = &transport{server: s, base: s.client.Transport, header: header, ctx: ctx, session: session}
	return &wrapped
}

type transport struct {
	server  *Server
	base    http.RoundTripper
	header  http.Header
	ctx     context.Context
	session *Session
	// received is how many bytes have come.
	received atomic.Int64
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if !outbound.SameHost(request.URL, t.server.Endpoint) {
		// In the SSE transport the server names the address for messages.
		return nil, errors.New("the server has named an address on another host")
	}
	end := func() {}
	if request.Method != http.MethodDelete {
		if err := t.ctx.Err(); err != nil {
			return nil, err
		}
		// The SDK goes on with what it tells a server of a call that was given up, and its
		// Close waits for that: 5 s where the server doesn't answer.
		ctx, cancel := context.WithCancel(request.Context())
		stop := context.AfterFunc(t.ctx, cancel)
		request, end = request.WithContext(ctx), func() { stop(); cancel() }
	} else if limit := t.server.EndTimeout; limit > 0 {
		ctx, cancel := context.WithTimeout(request.Context(), limit)
		request, end = request.WithContext(ctx), cancel
	}
	if sent, ok := request.Context().Value(sentKey{}).(*atomic.Bool); ok {
		sent.Store(true)
	}
	if isNotice(request) {
		defer t.session.notices.add(-1)
	}
	response, err := t.send(request)
	if err != nil {
		end()
		return nil, err
	}
	if t.server.SSE && request.Method == http.MethodPost && response.StatusCode == http.StatusNotFound {
		response.Body.Close()
		end()
		return nil, fmt.Errorf("the server answered with status 404: %w", mcp.ErrSessionMissing) // as the SDK has it of the newer transport
	}
	if request.Method == http.MethodPost {
		t.session.Denied.Store(response.StatusCode == http.StatusUnauthorized)
	}
	limit := t.server.MaxAnswer
	if mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); mediaType == "text/event-stream" {
		limit = -1 // each of its events is bounded
	}
	response.Body = &boundedBody{response.Body, t, limit, 0, end}
	return response, nil
}

// send sends a request with the headers of the session. A token that was refused is
// replaced once.
func (t *transport) send(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	maps.Copy(request.Header, t.header)
	if t.server.tokens == nil {
		return t.observed(request)
	}
	for attempt := 0; ; attempt++ {
		access, err := t.server.tokens.get(request.Context())
		if err != nil {
			return nil, fmt.Errorf("get an access token: %w", err)
		}
		request.Header.Set("Authorization", "Bearer "+access)
		response, err := t.observed(request)
		if err != nil || response.StatusCode != http.StatusUnauthorized {
			return response, err
		}
		t.server.tokens.forget(access)
		if attempt > 0 || request.Body != nil && request.GetBody == nil {
			return response, nil
		}
		response.Body.Close()
		request = request.Clone(request.Context())
		if request.GetBody != nil {
			if request.Body, err = request.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

// observed sends a request once, of which an observer is told.
func (t *transport) observed(request *http.Request) (*http.Response, error) {
	_, ended := telemetry.StartCall(request.Context(), telemetry.Call{Method: request.Method, URL: request.URL}, request.Header)
	base := t.base
	if streaming := t.server.streaming; streaming != nil && request.Method == http.MethodGet {
		base = streaming
	} else {
		t.server.idle.Use()
	}
	response, err := base.RoundTrip(request)
	ended(telemetry.ResultOf(response, err))
	return response, err
}

// boundedBody fails where a body, or a session, has more than it may.
type boundedBody struct {
	io.ReadCloser
	transport *transport
	// limit is how much the body may have, less than zero for no limit.
	limit, read int
	end         func()
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += n
	if b.limit >= 0 && b.read > b.limit {
		return 0, fmt.Errorf("an answer of more than %d bytes", b.limit)
	}
	received, limit := b.transport.received.Add(int64(n)), b.transport.server.MaxSession
	if limit > 0 && received > limit {
		return 0, fmt.Errorf("answers of more than %d bytes", limit)
	}
	return n, err
}

func (b *boundedBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
