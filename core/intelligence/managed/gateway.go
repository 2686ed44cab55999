package managed

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence/managed/internal/phoenix"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

const (
	// maxAttempts and patience bound how often, and how long, the gateway is tried to be
	// reached before a run begins.
	maxAttempts = 7
	patience    = 8 * time.Second
)

// attempt is how far joining the gateway has come.
type attempt struct {
	begun time.Time
	// failures counts connections that couldn't be made, or were lost.
	failures int
	// joined says that the run has begun: from then on it waits for the gateway.
	joined bool
}

// newGatewayClient returns what connects to the gateway, by a transport of its own if that
// is nil. It follows no redirects, which would carry the project's key along.
func newGatewayClient(transport http.RoundTripper, address *url.URL) *http.Client {
	if transport == nil {
		own := outbound.NewTransport(address)
		// They are for the handshake alone, and stay with the connection.
		own.ReadBufferSize, own.WriteBufferSize = 1<<10, 1<<10
		transport = own
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// open begins to join the run's channel.
func (r *run) open() *phoenix.Channel {
	options := r.platform.options
	r.attempt.begun = time.Now()
	return phoenix.Open(phoenix.Config{
		URL:    r.platform.runnerURL() + "/websocket",
		Token:  options.APIKey,
		Client: r.platform.gateway,
		Topic:  "ingestion:" + r.held.runID,
		Params: object("thread_id", r.held.threadID, "run_id", r.held.runID),

		ReconnectMax: options.ReconnectMax,
		RejoinMax:    options.RejoinMax,
		Event:        r.heard,
		Failed:       r.failed,
	})
}

// object returns a JSON object of texts, in order.
func object(pairs ...string) []byte {
	out := []byte{'{'}
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(jsonscan.AppendString(out, pairs[i]), ':')
		out = jsonscan.AppendString(out, pairs[i+1])
	}
	return append(out, '}')
}

// heard takes what the gateway sends: that the run is to stop.
func (r *run) heard(name string, payload []byte) {
	var event struct{ Type, Name string }
	if name == "ag-ui" && json.Unmarshal(payload, &event) == nil && event.Type == "CUSTOM" && event.Name == "stop" {
		r.stop()
	}
}

// failed decides whether the gateway is tried again. Before a run begins somebody waits for
// it; after that only the gateway's word ends the attempts, or an event that is overdue.
func (r *run) failed(err error) (giveUp bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	restart := false
	if lost, ok := errors.AsType[*phoenix.LostError](err); ok {
		restart = lost.Restart()
	}
	defer func() {
		if restart {
			r.logger.Info("the gateway restarts, and is connected to again")
		} else if !giveUp {
			r.logger.Warn("the gateway is tried to be joined again", "error", err)
		}
	}()
	if refusal, ok := errors.AsType[*phoenix.RefusedError](err); ok {
		switch refused(refusal.Response) {
		case refusedForGood:
			return true
		case refusedForNow:
			return false
		default:
			return !r.attempt.joined
		}
	}
	if r.attempt.joined {
		return false
	}
	if errors.Is(err, phoenix.ErrTimeout) {
		return true
	}
	if dial, ok := errors.AsType[*phoenix.DialError](err); ok &&
		(dial.Status == http.StatusUnauthorized || dial.Status == http.StatusForbidden) {
		return true
	}
	if !restart {
		r.attempt.failures++
	}
	return r.attempt.failures >= maxAttempts || time.Since(r.attempt.begun) >= patience && !restart
}

// joined waits until the run's channel is joined for the first time.
func (r *run) joined(ctx context.Context) error {
	if _, err := r.channel.Joined(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempt.joined = true
	return nil
}

// refusal is what an answer says of trying again.
type refusal int

const (
	refusedUnclear refusal = iota
	refusedForNow
	refusedForGood
)

// refused reads the answer to what the gateway has refused.
func refused(response []byte) refusal {
	var answer struct {
		Retryable json.RawMessage
		Reason    json.RawMessage
	}
	if json.Unmarshal(response, &answer) != nil {
		return refusedUnclear
	}
	switch {
	case string(answer.Retryable) == "false":
		return refusedForGood
	case string(answer.Retryable) == "true", string(answer.Reason) == `"gateway_draining"`:
		return refusedForNow
	}
	return refusedUnclear
}
