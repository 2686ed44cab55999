package dynamodb_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/dynamodb/dynamotest"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

func TestGame(t *testing.T) {
	t.Parallel()
	address := fresh()
	storetest.Play(t, storetest.Game{
		Seed: 1, Clients: 8, Moves: 10, Kills: 4,
		Open: func(t testing.TB) store.Store { return open(t, address) },
	})
}

// Of all requests one in ten fails, and of those as many have been done as not.
func TestGameOnABadDay(t *testing.T) {
	t.Parallel()
	address := fresh()
	proxy, stop := server.Through()
	t.Cleanup(stop)
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(2, 2))
	proxy.Fault(func(string) dynamotest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(10) > 0 {
			return dynamotest.None
		}
		return []dynamotest.Fault{dynamotest.Throttle, dynamotest.Fail, dynamotest.Lose, dynamotest.Lose, dynamotest.Refuse}[random.IntN(5)]
	})
	storetest.Play(t, storetest.Game{
		Seed: 2, Clients: 8, Moves: 10, Kills: 4, LeaseTTL: 2 * time.Second, Impatient: true,
		Open: func(t testing.TB) store.Store { return openAt(t, address, proxy) },
	})
}

func TestStopAndSend(t *testing.T) {
	t.Parallel()
	address := fresh()
	storetest.StopAndSend(t, 2, 12, open(t, address), open(t, address))
}
