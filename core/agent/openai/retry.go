package openai

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	goopenai "github.com/sashabaranov/go-openai"
)

const (
	defaultMaxRetries = 2
	// firstRetryDelay doubles with every further try.
	firstRetryDelay = 2 * time.Second
	// maxRetryDelay is the longest wait that a provider can ask for; one that
	// asks for more isn't waited for as long.
	maxRetryDelay = time.Minute
)

// doWithRetries sends a request again when the provider is busy, failing or out
// of reach. A request whose answer has begun is never sent again.
func doWithRetries(doer goopenai.HTTPDoer, request *http.Request, maxRetries int) (*http.Response, error) {
	ctx := request.Context()
	for attempt := 0; ; attempt++ {
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		request.Body = body
		response, err := doer.Do(request)
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

// retryDelay is what the provider asks for, or else twice as long each time, up
// to a quarter more, so that runs that failed together don't come back together.
func retryDelay(response *http.Response, attempt int) time.Duration {
	if response != nil {
		if ms, err := strconv.ParseFloat(response.Header.Get("Retry-After-Ms"), 64); err == nil && ms >= 0 {
			if asked := time.Duration(ms * float64(time.Millisecond)); asked <= maxRetryDelay {
				return asked
			}
		}
		if asked, ok := retryAfter(response.Header.Get("Retry-After")); ok && asked <= maxRetryDelay {
			return asked
		}
	}
	delay := min(firstRetryDelay<<min(attempt, 8), maxRetryDelay)
	return delay + rand.N(delay/4)
}

// retryAfter reads the header of that name: seconds or a date.
func retryAfter(header string) (time.Duration, bool) {
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds >= 0 {
		return time.Duration(seconds * float64(time.Second)), true
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(time.Until(date), 0), true
	}
	return 0, false
}

// wait waits, and tells whether there is any point in going on: not when the
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
