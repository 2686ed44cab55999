package otel

import "encoding/binary"

// Sampler decides which traces are kept.
type Sampler struct {
	// Ratio is the part of the traces that is kept, from 0 to 1. It goes by the trace's
	// id, so that all who sample at the same ratio keep the same.
	Ratio float64
	// ParentBased leaves it to the caller whose span comes with the request, as the
	// standard has it by default: a caller can make its traces be kept, and not be kept.
	// Without it only the ratio counts, which is for those who don't trust their callers.
	ParentBased bool
}

func (s Sampler) sample(traceID [16]byte, parent spanContext) bool {
	if s.ParentBased && parent.valid() {
		return parent.sampled
	}
	if s.Ratio >= 1 {
		return true
	}
	return binary.BigEndian.Uint64(traceID[8:])>>1 < uint64(s.Ratio*(1<<63))
}
