package dynamodb

import (
	"context"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// OpenAt opens a store on another endpoint than the environment's. Its requests wait for
// their answers as long as it may take on a busy machine.
func OpenAt(ctx context.Context, address, endpoint string, options Options) (*Store, error) {
	s, err := Open(ctx, address, options)
	if err == nil {
		s.endpoint, s.attemptTimeout = endpoint, time.Minute
	}
	return s, err
}

// SetMaxPart sets how much data one item has, in bytes. It is for before the first call.
func (s *Store) SetMaxPart(bytes int) { s.maxPart = bytes }

// SetClock sets the clock of the store's machine. It is for before the first call.
func (s *Store) SetClock(now func() time.Time) { s.clock.now = now }

// Item is one of a thread's items, as it is stored.
type Item struct {
	Name string
	// Expires is zero for never.
	Expires time.Time
}

// Items returns all that is stored of a thread.
func (s *Store) Items(ctx context.Context, key store.Key) ([]Item, error) {
	var items []Item
	err := s.find(ctx, search{pk: s.partition(key), from: "A", to: beyond}, func(i item) error {
		found := Item{Name: getText(i, "sk")}
		if at := getInteger(i, expiryName); at != 0 {
			found.Expires = time.Unix(at, 0)
		}
		items = append(items, found)
		return nil
	})
	return items, err
}
