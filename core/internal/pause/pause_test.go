package pause_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
)

func TestWaiting(t *testing.T) {
	errCause := errors.New("cause")
	for _, test := range []struct {
		name string
		wait func(ctx context.Context, wake <-chan struct{}) error
		want error
		took time.Duration
	}{
		{"sleeping ends when the time is over", func(ctx context.Context, _ <-chan struct{}) error {
			return pause.Sleep(ctx, time.Second)
		}, nil, time.Second},
		{"sleeping for no time at all returns at once", func(ctx context.Context, _ <-chan struct{}) error {
			return pause.Sleep(ctx, -time.Second)
		}, nil, 0},
		{"the end of the context ends a sleep, with its cause", func(ctx context.Context, _ <-chan struct{}) error {
			return pause.Sleep(ctx, time.Hour)
		}, errCause, time.Minute},
		{"a channel that is closed ends a wait", func(ctx context.Context, wake <-chan struct{}) error {
			return pause.Wait(ctx, time.Hour, wake)
		}, nil, 2 * time.Second},
		{"a wait that nobody ends lasts its time", func(ctx context.Context, wake <-chan struct{}) error {
			return pause.Wait(ctx, time.Second, wake)
		}, nil, time.Second},
		{"the end of the context ends a wait, with its cause", func(ctx context.Context, _ <-chan struct{}) error {
			return pause.Wait(ctx, time.Hour, make(chan struct{}))
		}, errCause, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Minute, func() { cancel(errCause) })
				wake := make(chan struct{})
				time.AfterFunc(2*time.Second, func() { close(wake) })
				begun := time.Now()
				if err := test.wait(ctx, wake); !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
				if took := time.Since(begun); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
			})
		})
	}
}
