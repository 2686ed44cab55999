// Package day counts days as meters do: in UTC, from 1970 on.
package day

import "time"

// Length is how long a day is: those of UTC have no other length in Unix time.
const Length = 24 * time.Hour

// Last is the last day that is counted, in the year 2243: all have five digits at most.
const Last = 99_999

// Of returns the number of a time's day.
func Of(t time.Time) int64 {
	const seconds = int64(Length / time.Second)
	if t.Unix() < 0 {
		return (t.Unix()+1)/seconds - 1
	}
	return t.Unix() / seconds
}

// Time returns the beginning of a day.
func Time(day int64) time.Time { return time.Unix(day*int64(Length/time.Second), 0).UTC() }

// Left returns how long the day of a time goes on.
func Left(t time.Time) time.Duration { return Time(Of(t) + 1).Sub(t) }

// Range returns the first and the last day of a list, which may both be zero for no
// bound.
func Range(from, to time.Time) (first, last int64) {
	first, last = 0, Last
	if !from.IsZero() {
		first = min(max(Of(from), 0), Last)
	}
	if !to.IsZero() {
		last = min(Of(to), Last)
	}
	return first, last
}
