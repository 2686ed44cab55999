package store

// Delivery is what the leases may implement that pass a run's events on to where others
// keep and show them, so that each has to arrive as it was made. Append takes events
// without waiting for anybody, and never fails for them; Renew returns at once; both
// return ErrLeaseLost when the events can't be delivered any more. Finish waits until
// all events have arrived, by time limits of its own: the Records of its result are not
// used.
type Delivery interface {
	LocalLease
	// ThreadID is what the thread is called there, which may be another ID than that it
	// was asked for by; so may RunID.
	ThreadID() string
	// Room returns nil while there is room for more events, and otherwise a channel that
	// is closed when there is again. Whoever makes events waits for it; Append takes them
	// all the same.
	Room() <-chan struct{}
}
