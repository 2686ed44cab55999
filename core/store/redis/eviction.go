package redis

import (
	"strings"
)

// checkEviction logs an error when the server evicts keys as its memory fills
// up. A volatile policy, the default of many managed services, takes live leases
// first, since without a retention they alone expire; the others take any key.
// It asks once, when the store is first used.
func (s *Store) checkEviction() {
	if s.evictionChecked.Swap(true) {
		return
	}
	s.background.Start(func() {
		ctx := s.background.Context()
		info, err := s.client.Info(ctx, "memory").Result()
		switch {
		case err == nil:
			if policy := evictionPolicy(info); policy != "" && policy != noEviction {
				s.logger.ErrorContext(ctx, "the Redis server evicts keys when its memory is full, which loses live runs and damages threads: set its maxmemory-policy to "+noEviction,
					"policy", policy)
			}
		case isUnavailable(err):
			s.evictionChecked.Store(false) // for the next run to try again
		default:
			// Not every user may ask.
			s.logger.DebugContext(ctx, "the Redis server doesn't say whether it evicts keys", "error", err)
		}
	})
}

const noEviction = "noeviction"

// evictionPolicy returns the policy that an answer to INFO names, "" for none.
func evictionPolicy(info string) string {
	_, value, _ := strings.Cut(info, "\nmaxmemory_policy:")
	policy, _, _ := strings.Cut(value, "\r\n")
	return policy
}
