package dynamodb

import (
	"context"
	"time"
)

// OpenAt opens a store on another endpoint than the environment's.
func OpenAt(ctx context.Context, address, endpoint string, options Options) (*Store, error) {
	s, err := Open(ctx, address, options)
	if err == nil {
		s.endpoint = endpoint
	}
	return s, err
}

// SetClock sets the clock of the store's machine. It is for before the first call.
func (s *Store) SetClock(now func() time.Time) { s.clock.now = now }
