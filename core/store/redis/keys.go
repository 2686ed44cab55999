package redis

import (
	"net/url"

	"github.com/copilotkit-go/runtime/core/store"
)

// keys are the names that a thread has in Redis. Those of one thread have the
// same hash tag and so are in one slot of a cluster; the list of an owner's
// threads is in another.
type keys struct {
	lease, thread, live, runs, messages, snapshot string
	index                                         string
	// wake and stop are channels: for followers, and for whoever runs.
	wake, stop string
}

func (s *Store) keys(key store.Key) keys {
	// Escaped, so that no id can end the tag or look like another's.
	owner := url.QueryEscape(key.Owner)
	base := s.prefix + "{" + owner + ":" + url.QueryEscape(key.ID) + "}"
	return keys{
		lease:    base + "lease",
		thread:   base + "thread",
		live:     base + "live",
		runs:     base + "runs",
		messages: base + "messages",
		snapshot: base + "snapshot",
		index:    s.prefix + "threads:" + owner,
		wake:     base + "wake",
		stop:     base + "stop",
	}
}

// all returns the keys in the order that the scripts expect.
func (k keys) all(cluster bool) []string {
	all := []string{k.lease, k.thread, k.live, k.runs, k.messages, k.snapshot}
	if !cluster {
		all = append(all, k.index)
	}
	return all
}
