package redis_test

import (
	"strconv"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

// BenchmarkRun is what recording a run costs beside the memory store: time, and
// the commands and bytes that the server counts, both ways, with what is sent to
// those who wait.
func BenchmarkRun(b *testing.B) {
	server := redistest.Start(b)
	admin := admin(b, server)
	s := open(b, server.URL())
	for _, load := range storetest.Loads() {
		b.Run(load.Name+"/memory", func(b *testing.B) {
			inMemory := load
			inMemory.Gather = 0
			storetest.Bench(b, memory.New(memory.Limits{}), inMemory)
		})
		b.Run(load.Name+"/redis", func(b *testing.B) {
			commandsBefore, bytesBefore := commands(b, admin), traffic(b, admin)
			storetest.Bench(b, s, load)
			bytes, sent := traffic(b, admin)-bytesBefore, commands(b, admin)-commandsBefore
			events := float64(b.N * load.Events())
			b.ReportMetric(sent/float64(b.N), "cmds/run")
			b.ReportMetric(sent/events, "cmds/event")
			b.ReportMetric(bytes/float64(b.N), "bytes/run")
			b.ReportMetric(bytes/events, "bytes/event")
		})
	}
}

// commands is how many commands clients have sent; those within a script, and
// the question itself, aren't among them.
func commands(b *testing.B, admin *goredis.Client) float64 {
	b.Helper()
	info, err := admin.Info(b.Context(), "commandstats").Result()
	if err != nil {
		b.Fatal(err)
	}
	total := 0.0
	for _, name := range []string{"eval", "evalsha", "subscribe", "unsubscribe", "ping", "hello", "select"} {
		_, calls, found := strings.Cut(info, "\ncmdstat_"+name+":calls=")
		if !found {
			continue
		}
		calls, _, _ = strings.Cut(calls, ",")
		number, err := strconv.ParseFloat(calls, 64)
		if err != nil {
			b.Fatalf("calls of %s: %v", name, err)
		}
		total += number
	}
	return total
}

// traffic is how many bytes the server has received and sent.
func traffic(b *testing.B, admin *goredis.Client) float64 {
	b.Helper()
	info, err := admin.Info(b.Context(), "stats").Result()
	if err != nil {
		b.Fatal(err)
	}
	return number(b, info, "total_net_input_bytes") + number(b, info, "total_net_output_bytes")
}

// BenchmarkThreads is what lists and changes of threads cost.
func BenchmarkThreads(b *testing.B) {
	storetest.BenchThreads(b, open(b, redistest.Start(b).URL()))
}
