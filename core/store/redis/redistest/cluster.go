package redistest

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
)

// slots is how many slots every cluster has.
const slots = 16384

// StartCluster runs a cluster of masters, and returns the URL to open a store
// with; append further parameters to it with "&".
func StartCluster(t testing.TB, masters int, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	clients := make([]*goredis.Client, masters)
	addrs, bus := make([]string, masters), make([]string, masters)
	for i := range masters {
		bus[i] = freeport.Take(t)
		addrs[i] = Start(t, append([]string{"--cluster-enabled", "yes", "--cluster-port", bus[i]}, args...)...).Addr
		clients[i] = goredis.NewClient(&goredis.Options{Addr: addrs[i]})
		defer clients[i].Close()
		first, last := slots*i/masters, slots*(i+1)/masters-1
		if err := clients[i].ClusterAddSlotsRange(ctx, first, last).Err(); err != nil {
			t.Fatalf("give slots to node %d: %v", i, err)
		}
	}
	for i := 1; i < masters; i++ {
		host, port, _ := net.SplitHostPort(addrs[i])
		if err := clients[0].Do(ctx, "CLUSTER", "MEET", host, port, bus[i]).Err(); err != nil {
			t.Fatalf("introduce node %d: %v", i, err)
		}
	}
	for i, client := range clients {
		awaitCluster(ctx, t, i, client)
	}
	return "redis://" + addrs[0] + "?cluster=true&addr=" + strings.Join(addrs[1:], "&addr=")
}

// awaitCluster waits until a node knows who has which slot: nodes exchange that
// in their own time.
func awaitCluster(ctx context.Context, t testing.TB, node int, client *goredis.Client) {
	t.Helper()
	for {
		info, err := client.ClusterInfo(ctx).Result()
		if err != nil {
			t.Fatalf("state of node %d: %v", node, err)
		}
		if strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_slots_ok:16384") {
			return
		}
		if pause.Sleep(ctx, 50*time.Millisecond) != nil {
			t.Fatalf("node %d doesn't find its cluster:\n%s", node, info)
		}
	}
}
