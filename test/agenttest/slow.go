package agenttest

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Slow is a server in a bubble of testing/synctest, without a network: the transport of
// a client to which it answers slowly. It serves one request at a time.
type Slow struct {
	// Header is the time before each answer's header.
	Header time.Duration
	// First are the answers to the first requests, in order.
	First []*http.Response
	// Parts are those of all other answers.
	Parts []Part
	// Hang is set if their ends never come.
	Hang bool

	// Calls counts the requests.
	Calls int
}

// Part is a part of an answer.
type Part struct {
	after time.Duration
	text  string
}

// After returns a part that comes a time after the header, or after the part before it
// was read.
func After(d time.Duration, text string) Part { return Part{d, text} }

// RoundTrip answers a request.
func (s *Slow) RoundTrip(r *http.Request) (*http.Response, error) {
	s.Calls++
	if err := sleep(r.Context(), s.Header); err != nil {
		return nil, err
	}
	if s.Calls <= len(s.First) {
		return s.First[s.Calls-1], nil
	}
	reader, writer := io.Pipe()
	go func() {
		for _, part := range s.Parts {
			if err := sleep(r.Context(), part.after); err != nil {
				writer.CloseWithError(err)
				return
			}
			_, _ = io.WriteString(writer, part.text)
		}
		if s.Hang {
			<-r.Context().Done()
			writer.CloseWithError(r.Context().Err())
		}
		_ = writer.Close()
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: reader}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
