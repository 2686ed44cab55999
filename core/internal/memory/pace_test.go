package memory_test

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"github.com/copilotkit-go/runtime/core/internal/memory"
)

func TestThePaceIsSetByTheFirstCollection(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	read := func(name string) uint64 {
		sample := []metrics.Sample{{Name: name}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	memory.Pace()
	if got := read("/gc/gogc:percent"); got != 100 {
		t.Fatalf("GOGC is %d at the start, want 100", got)
	}
	for read("/gc/gogc:percent") == 100 {
		if t.Context().Err() != nil {
			t.Fatal("no collection has set the pace")
		}
		runtime.GC()
	}
	if got := read("/gc/gogc:percent"); got != 25 {
		t.Errorf("GOGC is %d, want 25", got)
	}
	runtime.GC()
	alive, goal := read("/gc/heap/live:bytes"), read("/gc/heap/goal:bytes")
	if room := goal - alive; room < 8<<20 || room > 12<<20 {
		t.Errorf("the heap may grow by %d bytes, want 8 MB and a quarter of what is alive", room)
	}
}
