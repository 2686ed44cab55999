package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/copilotkit-go/runtime/core/store"
)

// Ready reports whether the runtime can serve: it returns nil if it isn't closed and its
// store answers, which it asks for a thread. After Close the error is
// [http.ErrServerClosed]. How long the store may take is for ctx to say.
func (rt *Runtime) Ready(ctx context.Context) error {
	if !rt.requests.enter() {
		return http.ErrServerClosed
	}
	defer rt.requests.exit()
	return recovering(func() error {
		_, err := rt.store.Thread(ctx, store.Key{ID: "readyz"})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("ask the store: %w", err)
		}
		return nil
	})
}
