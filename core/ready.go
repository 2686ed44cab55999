package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/store"
)

// Ready reports whether the runtime can serve: it returns nil if it isn't closed, and who
// keeps its threads answers, the store or the Intelligence platform, which it asks for a
// thread. After Close the error is [http.ErrServerClosed]. How long that may take is for ctx
// to say. What the platform has answered counts for half a minute, and that it hasn't for
// five seconds, since it is asked through the internet.
func (rt *Runtime) Ready(ctx context.Context) error {
	if !rt.requests.enter() {
		return http.ErrServerClosed
	}
	defer rt.requests.exit()
	return recovering(func() error { return rt.keeper.ready(ctx) })
}

// probeID is the id of a thread that nobody has, and of its user.
const probeID = "readyz"

func (k storeKeeper) ready(ctx context.Context) error {
	_, err := k.store.Thread(ctx, store.Key{ID: probeID})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("ask the store: %w", err)
	}
	return nil
}

// How long it counts that the platform has answered, and that it hasn't.
const (
	answeredFor   = 30 * time.Second
	unansweredFor = 5 * time.Second
)

// contact is what the platform was last found to be.
type contact struct {
	// turn is held by who reads or asks.
	turn chan struct{}
	at   time.Time
	// err is why it can't be used, nil if it can.
	err error
}

func newContact() *contact { return &contact{turn: make(chan struct{}, 1)} }

// ready asks the platform for a thread, for which 404 is as good an answer as any: its
// address, its key and the way there are right.
func (k platformKeeper) ready(ctx context.Context) error {
	c := k.contact
	select {
	case c.turn <- struct{}{}: // whoever asks meanwhile needs the same answer
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	life := answeredFor
	if c.err != nil {
		life = unansweredFor
	}
	// By the wall clock, which goes on while a platform freezes the instance.
	if now := time.Now().Round(0); !c.at.IsZero() && now.Sub(c.at) < life && !now.Before(c.at) {
		return c.err
	}
	_, err := k.platform.Thread(ctx, probeID, probeID)
	if failed := (*intelligence.Error)(nil); errors.As(err, &failed) && failed.Status == http.StatusNotFound {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("ask the Intelligence platform: %w", err)
	}
	c.err, c.at = err, time.Now().Round(0)
	return err
}
