package memory

import (
	"runtime"
	"runtime/debug"
	"sync"
)

const (
	// percent is GOGC in the end, and ballastBytes what is added to what is alive before
	// it is applied.
	percent      = 25
	ballastBytes = 32 << 20
)

// Pace has the garbage collector wait for a quarter of what is alive and 8 MB, from the
// first collection on, where it waits for as much again as is alive by default. With little
// alive it works as seldom as by default then, and with much alive it leaves far less
// garbage about. It is for a program that nobody has given a limit.
//
// The collector has no setting for the 8 MB. They come from a ballast: memory that is
// counted, but never touched, so that the system provides none.
func Pace() {
	// Not at once, since the ballast brings about a collection, and a start needs none.
	first := new(*byte)
	runtime.AddCleanup(first, func(struct{}) {
		ballast()
		debug.SetGCPercent(percent)
	}, struct{}{})
}

// ballast returns the ballast, and keeps it.
var ballast = sync.OnceValue(func() []byte { return make([]byte, ballastBytes) })
