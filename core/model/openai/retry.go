package openai

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	defaultMaxRetries = 2
	// firstRetryDelay doubles with every further try.
	firstRetryDelay = 2 * time.Second
	// maxRetryDelay is the longest delay that a provider can ask for; one that
	// asks for more isn't waited for as long.
	maxRetryDelay = time.Minute
)

// doWithRetries sends a request again when the provider is busy, failing or out
// of reach. A request whose answer has begun is never sent again.
func doWithRetries(client *http.Client, request *http.Request, maxRetries int) (*http.Response, error) {
	ctx := request.Context()
	for attempt := 0; ; attempt++ {
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		request.Body = body
		response, err := client.Do(request)
		if attempt >= maxRetries || ctx.Err() != nil || !worthRetrying(response, err) {
			return response, err
		}
		if !wait(ctx, retryDelay(response, attempt)) {
			return response, err
		}
		if err == nil {
			// What is left of a short error answer is read, to keep the connection.
			io.Copy(io.Discard, io.LimitReader(response.Body, maxErrorBody))
			response.Body.Close()
		}
	}
}

func worthRetrying(response *http.Response, err error) bool {
	if err != nil {
		return true
	}
	return response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError
}

// retryDelay returns what the provider asks for, or else twice as long each time,
// up to a quarter more, so that runs that failed together don't come back together.
func retryDelay(response *http.Response, attempt int) time.Duration {
	if response != nil {
		if delay, ok := retryAfter(response.Header); ok {
			return delay
		}
	}
	delay := min(firstRetryDelay<<min(attempt, 8), maxRetryDelay)
	return delay + rand.N(delay/4)
}

// retryAfter returns the delay that a provider asks for, unless that is longer
// than maxRetryDelay.
func retryAfter(header http.Header) (time.Duration, bool) {
	if ms, err := strconv.ParseFloat(header.Get("Retry-After-Ms"), 64); err == nil {
		if delay, ok := inBounds(ms, time.Millisecond); ok {
			return delay, true
		}
	}
	after := header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(after, 64); err == nil {
		return inBounds(seconds, time.Second)
	}
	if date, err := http.ParseTime(after); err == nil {
		delay := max(time.Until(date), 0)
		return delay, delay <= maxRetryDelay
	}
	return 0, false
}

// inBounds converts a number of units, which may be as large as Inf, or NaN.
func inBounds(number float64, unit time.Duration) (time.Duration, bool) {
	if !(number >= 0 && number <= float64(maxRetryDelay/unit)) {
		return 0, false
	}
	return time.Duration(number * float64(unit)), true
}

// wait waits, and reports whether there is any point in going on: not when the
// run ends first, and not when its deadline would come before the next try.
func wait(ctx context.Context, delay time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= delay {
		return false
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
