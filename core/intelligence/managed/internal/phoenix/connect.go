package phoenix

import (
	"context"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/internal/pause"
)

// keep keeps the channel connected until it gives up or ctx ends, and returns why.
func (c *Channel) keep(ctx context.Context) error {
	address, err := url.Parse(c.config.URL)
	if err != nil {
		return &DialError{Err: errors.New("address is not a URL")}
	}
	query := address.Query()
	query.Set("vsn", "2.0.0")
	address.RawQuery = query.Encode()
	for failures := 0; ; failures++ {
		begun := time.Now()
		conn, err := c.dial(ctx, address)
		giveUp := false
		if err == nil {
			var joined bool
			joined, giveUp, err = c.serve(ctx, conn)
			if joined && time.Since(begun) >= steady {
				failures = 0
			}
		} else {
			giveUp = ctx.Err() == nil && c.failed(err)
		}
		switch {
		case ctx.Err() != nil || c.isClosing():
			return ErrClosed
		case giveUp:
			return err
		}
		if pause.Sleep(ctx, backoff(reconnectFirst, failures, c.config.ReconnectMax)) != nil {
			return ErrClosed
		}
	}
}

func (c *Channel) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// backoff returns the pause after some failures before: first, doubled each time up to
// limit, and a random part of up to a half less, so that all who have lost the same server
// don't come back at once.
func backoff(first time.Duration, failures int, limit time.Duration) time.Duration {
	wait := min(first<<min(failures, 20), max(limit, time.Millisecond))
	return wait - rand.N(wait/2+1)
}

// dial makes a connection.
func (c *Channel) dial(ctx context.Context, address *url.URL) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, dialTimeout, ErrTimeout)
	defer cancel()
	options := &websocket.DialOptions{HTTPClient: c.config.Client}
	if c.config.Token != "" {
		options.Subprotocols = []string{"phoenix", tokenPrefix + encodeToken(c.config.Token)}
	}
	conn, response, err := websocket.Dial(ctx, address.String(), options)
	if err == nil {
		conn.SetReadLimit(MaxFrame)
		return conn, nil
	}
	failure := &DialError{Err: err}
	if response != nil && response.StatusCode != http.StatusSwitchingProtocols {
		failure.Status = response.StatusCode
	}
	if errors.Is(err, context.DeadlineExceeded) {
		failure.Err = ErrTimeout
	}
	failure.Err = append(outbound.NewSecrets(nil, address), c.secrets...).Redact(failure.Err)
	return nil, failure
}

const tokenPrefix = "base64url.bearer.phx."

// encodeToken returns a token as Phoenix expects it: in base64's standard alphabet in
// spite of the prefix's name, since that is what its servers decode, and what its own
// client sends. A slash can't be part of a protocol's name, but only a token with a
// question mark has one. A token of letters, digits, "-" and "_" is the same in both.
func encodeToken(token string) string { return base64.RawStdEncoding.EncodeToString([]byte(token)) }
