package modeltest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
)

func testFailures(t *testing.T, dialect Dialect) {
	secret := "PRIVATE prompt, key " + key
	for name, test := range map[string]struct {
		answer Answer
		want   model.Code
	}{
		"a wrong key":            {Answer{Status: 401}, model.CodeAuthFailed},
		"a key without a right":  {Answer{Status: 403}, model.CodeAuthFailed},
		"too many requests":      {Answer{Status: 429}, model.CodeRateLimited},
		"no such model":          {Answer{Status: 404}, model.CodeModelNotFound},
		"a bad request":          {Answer{Status: 400}, model.CodeInvalidRequest},
		"a request too large":    {Answer{Status: 413}, model.CodeRequestTooLarge},
		"a failure":              {Answer{Status: 500}, model.CodeProviderUnavailable},
		"an overload":            {Answer{Status: 503}, model.CodeProviderUnavailable},
		"an error in the stream": {Answer{Deltas: text("Col"), End: EndError}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.answer.Message = secret
			got, _ := ask(t, dialect, question(), nil, test.answer)
			var failed *model.Error
			if !errors.As(got.Err, &failed) || test.want != "" && failed.Code != test.want {
				t.Fatalf("the answer ended with %v, want %s", got.Err, test.want)
			}
			checkSafe(t, failed)
		})
	}
	t.Run("a provider that isn't there", func(t *testing.T) {
		got := Ask(t.Context(), t, dialect.New(t, "http://127.0.0.1:1", key), question())
		var failed *model.Error
		if !errors.As(got.Err, &failed) || failed.Code != model.CodeProviderUnavailable {
			t.Fatalf("the answer ended with %v", got.Err)
		}
		checkSafe(t, failed)
	})
}

// checkSafe checks that the message has no secrets, and the whole error not the key.
func checkSafe(t *testing.T, failed *model.Error) {
	t.Helper()
	for _, private := range []string{"PRIVATE", key, "127.0.0.1"} {
		if strings.Contains(failed.Message, private) {
			t.Errorf("the client sees %q", failed.Message)
		}
	}
	if strings.Contains(failed.Error(), key) {
		t.Errorf("the log has %q", failed.Error())
	}
	if failed.Message == "" {
		t.Error("the client sees nothing")
	}
}

func testEnds(t *testing.T, dialect Dialect) {
	half := Answer{Deltas: text("Col"), End: EndByServer}
	left := func(t *testing.T, p *provider) {
		t.Helper()
		select {
		case <-p.left:
		case <-time.After(10 * time.Second):
			t.Error("the connection to the provider is still open")
		}
	}
	t.Run("a connection that breaks is an error", func(t *testing.T) {
		got, _ := ask(t, dialect, question(), breakOff, half)
		if failed := (*model.Error)(nil); !errors.As(got.Err, &failed) || got.Text != "Col" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a connection that just ends is an error", func(t *testing.T) {
		got, _ := ask(t, dialect, question(), func(http.ResponseWriter, *http.Request) {}, half)
		if failed := (*model.Error)(nil); !errors.As(got.Err, &failed) || got.Text != "Col" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a line without an end is an error", func(t *testing.T) {
		const most = 256 << 20
		written := 0
		got, p := ask(t, dialect, question(), func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte("data: "))
			for line := make([]byte, 1<<20); written < most && r.Context().Err() == nil; written += len(line) {
				for i := range line {
					line[i] = 'x'
				}
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		}, half)
		left(t, p)
		if got.Err == nil || written >= most {
			t.Errorf("after %d bytes: %v", written, got.Err)
		}
	})
	t.Run("an answer is yielded as it comes, and let go of when the loop over it ends", func(t *testing.T) {
		p := newProvider(t, dialect, stayOpen, half)
		for delta, err := range dialect.New(t, p.URL, key).Stream(t.Context(), question()) {
			if err != nil || delta.Text != "Col" {
				t.Errorf("got %+v, %v", delta, err)
			}
			break
		}
		left(t, p)
	})
	t.Run("an answer ends with its context", func(t *testing.T) {
		p := newProvider(t, dialect, stayOpen, half)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var last error
		for _, err := range dialect.New(t, p.URL, key).Stream(ctx, question()) {
			cancel()
			last = err
		}
		left(t, p)
		if last == nil {
			t.Error("the answer ended without an error")
		}
	})
}
