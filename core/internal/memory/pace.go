package memory

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

const (
	// leastRoom and roomShare are by how much the heap may grow before the next
	// collection: so many bytes, and this part of what is alive.
	leastRoom = 6 << 20
	roomShare = 16
	// maxPercent bounds GOGC: the collector's least heap is 4 MB at 100.
	maxPercent = 200
)

// Pace has the garbage collector wait until the heap has grown by 6 MB and a sixteenth of
// what is alive, where it waits for as much again as is alive by default. With little alive
// it works as seldom as by default then, and with much alive it leaves far less garbage
// about. It is for a program that nobody has given a limit. Stop leaves the collector as
// it is.
//
// The collector has no setting for that, but GOGC may change after each collection.
func Pace() (stop func()) {
	p := &pace{}
	p.await()
	return func() { p.stopped.Store(true) }
}

type pace struct {
	percent int
	stopped atomic.Bool
}

// await adjusts GOGC after the next collection, and so on.
func (p *pace) await() {
	garbage := new(*byte)
	runtime.AddCleanup(garbage, func(p *pace) {
		if !p.stopped.Load() {
			p.adjust()
			p.await()
		}
	}, p)
}

// adjust sets GOGC by what is alive, unless it nearly is so.
func (p *pace) adjust() {
	samples := [...]metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"},
	}
	metrics.Read(samples[:])
	alive := samples[0].Value.Uint64()
	// GOGC is a percentage of all of these.
	base := alive + samples[1].Value.Uint64() + samples[2].Value.Uint64()
	percent := int(min(100*(leastRoom+alive/roomShare)/max(base, 1), maxPercent))
	if off := percent - p.percent; max(off, -off) > p.percent/16 {
		p.percent = percent
		debug.SetGCPercent(percent) // which stops the world, so not always
	}
}
