package memory_test

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/memory"
)

func TestTheHeapGrowsByTheSameWhetherLittleOrMuchIsAlive(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	read := func(name string) uint64 {
		sample := []metrics.Sample{{Name: name}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	defer memory.Pace()()
	if got := read("/gc/gogc:percent"); got != 100 {
		t.Fatalf("GOGC is %d at the start, want 100", got)
	}
	late := time.Now().Add(time.Minute)
	for _, megabytes := range []uint64{8, 64, 16} {
		kept := make([]byte, megabytes<<20)
		least, most := uint64(5<<20), (7+megabytes/16)<<20
		for room := uint64(0); room < least || room > most; room = read("/gc/heap/goal:bytes") - read("/gc/heap/live:bytes") {
			if time.Now().After(late) {
				t.Fatalf("with %d MB alive the heap may grow by %d bytes, want 6 MB and a sixteenth", megabytes, room)
			}
			runtime.GC()
		}
		runtime.KeepAlive(kept)
	}
}
