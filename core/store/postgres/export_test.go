package postgres

// Prefix returns what the names of the store's tables begin with.
func (s *Store) Prefix() string { return s.names.prefix }

// Listens reports whether messages of the server arrive, for one topic at least.
func (s *Store) Listens() bool {
	s.signals.mu.Lock()
	defer s.signals.mu.Unlock()
	for _, topic := range s.signals.topics {
		if subscribed, _ := topic.state(); subscribed {
			return true
		}
	}
	return false
}
