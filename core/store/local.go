package store

import "context"

// LocalLease is what the leases of a store may implement that keeps threads in the
// memory of its own process. Append, Renew and Finish of such a lease wait for nobody,
// so that they need neither a goroutine nor a time limit, and no goroutine needs to be
// in AwaitStop.
type LocalLease interface {
	Lease
	// Hold has the lease not expire before release is called: who holds it lives in the
	// store's process, and so is there as long as the store is, however late a busy
	// machine lets it renew. From release on the lease holds for another TTL, unless it
	// has ended.
	Hold() (release func())
	// Ended returns a context that ends when the run is asked to stop, and when the
	// lease is taken away: AwaitStop says at once which it was. The context may end at
	// Finish, too. It doesn't end when a lease that isn't held expires; that shows at the
	// next call.
	Ended() context.Context
}
