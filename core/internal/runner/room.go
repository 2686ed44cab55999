package runner

import "sync"

const (
	// maxSpare is for how many events room is always kept: about what there is of at a
	// model's pace. maxPooled is for how many it is kept for other streams.
	maxSpare  = 4
	maxPooled = 1024
)

// room is the room that bursts need for what they gather. It is shared by all streams, since
// one that goes on at a model's pace after a burst would hold it for nothing. The zero
// value is ready for use.
type room[T any] struct{ pool sync.Pool }

// fit returns a slice with room for more elements, if there is any.
func (r *room[T]) fit(s []T, more int) []T {
	need := len(s) + more
	if need <= cap(s) || need <= maxSpare {
		return s
	}
	if larger, _ := r.pool.Get().(*[]T); larger != nil && cap(*larger) >= need {
		return append((*larger)[:0], s...)
	}
	return s
}

// spare takes the room of elements that are done with, and returns what of it is kept for
// the next ones.
func (r *room[T]) spare(done []T) []T {
	clear(done)
	if done = done[:0]; cap(done) <= maxSpare {
		return done
	}
	if cap(done) <= maxPooled {
		r.pool.Put(&done)
	}
	return nil
}
