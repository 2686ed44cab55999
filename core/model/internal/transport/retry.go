package transport

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

const (
	defaultMaxRetries = 2
	// firstRetryDelay doubles with every retry.
	firstRetryDelay = 2 * time.Second
	// maxRetryDelay is the longest delay that a provider can ask for. Longer ones
	// are ignored.
	maxRetryDelay = time.Minute
)

// doWithRetries sends a request, and sends it again if the provider is busy, fails
// or can't be reached. It never does so when an answer has begun. Prepare, unless nil,
// completes each attempt.
//
// A connection that was used before may be gone without a sign, such as one that its
// server has closed while this instance was frozen. So the request that fails on one is
// sent again at once, on another: once also where there are no retries, as those have it
// who ask another model then.
func doWithRetries(client *http.Client, request *http.Request, prepare func(*http.Request) error, maxRetries int) (*http.Response, error) {
	ctx := request.Context()
	var reused atomic.Bool // a call that was given up may still connect
	request = request.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(connection httptrace.GotConnInfo) { reused.Store(connection.Reused) },
	}))
	for attempt, resent := 0, false; ; attempt++ {
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		request.Body = body
		call := telemetry.Call{Method: request.Method, URL: request.URL, Resend: attempt}
		_, ended := telemetry.StartCall(ctx, call, request.Header)
		if prepare != nil { // which may sign the headers that there are
			if err := prepare(request); err != nil {
				ended(telemetry.ResultOf(nil, err))
				return nil, err
			}
		}
		reused.Store(false)
		response, err := client.Do(request)
		ended(telemetry.ResultOf(response, err))
		gone := err != nil && reused.Load()
		if attempt >= maxRetries && (!gone || resent) || ctx.Err() != nil || !canRetry(response, err) {
			return response, err
		}
		if gone {
			resent = true
			client.CloseIdleConnections() // others may be gone as well
			continue
		}
		if !wait(ctx, retryDelay(response, attempt)) {
			return response, err
		}
		if err == nil {
			// The rest of a short body is read so that the connection can be reused.
			io.Copy(io.Discard, io.LimitReader(response.Body, maxErrorBody))
			response.Body.Close()
		}
	}
}

func canRetry(response *http.Response, err error) bool {
	if err != nil {
		return !errors.Is(err, outbound.ErrRedirect)
	}
	return response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError
}

// retryDelay returns the delay that the provider asks for. By default it doubles with
// every attempt, plus up to a quarter at random, so that runs that have failed
// together don't all come back at the same time.
func retryDelay(response *http.Response, attempt int) time.Duration {
	if response != nil {
		if delay, ok := retryAfter(response.Header); ok {
			return delay
		}
	}
	delay := min(firstRetryDelay<<min(attempt, 8), maxRetryDelay)
	return delay + rand.N(delay/4)
}

// retryAfter returns the delay that a provider asks for, unless it is longer than
// maxRetryDelay.
func retryAfter(header http.Header) (time.Duration, bool) {
	if ms, err := strconv.ParseFloat(header.Get("Retry-After-Ms"), 64); err == nil {
		if delay, ok := parseDelay(ms, time.Millisecond); ok {
			return delay, true
		}
	}
	after := header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(after, 64); err == nil {
		return parseDelay(seconds, time.Second)
	}
	if date, err := http.ParseTime(after); err == nil {
		delay := max(time.Until(date), 0)
		return delay, delay <= maxRetryDelay
	}
	return 0, false
}

// parseDelay converts a number of units, which may be anything including Inf and
// NaN, to a delay of up to maxRetryDelay.
func parseDelay(number float64, unit time.Duration) (time.Duration, bool) {
	if !(number >= 0 && number <= float64(maxRetryDelay/unit)) {
		return 0, false
	}
	return time.Duration(number * float64(unit)), true
}

// wait waits and reports whether to try again. It returns false if ctx ends, and at
// once if its deadline is before the end of the delay.
func wait(ctx context.Context, delay time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= delay {
		return false
	}
	return pause.Sleep(ctx, delay) == nil
}
