package redis

import goredis "github.com/redis/go-redis/v9"

// AddHook lets a test see, or disturb, the commands on their way to the server.
func (s *Store) AddHook(hook goredis.Hook) { s.client.AddHook(hook) }

// BlocksPerRead is how many batches one answer of the server holds.
const BlocksPerRead = blocksPerRead

// Driver returns the driver's client.
func (s *Store) Driver() goredis.UniversalClient { return s.client }
