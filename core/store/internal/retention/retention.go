// Package retention reads from a store's address how much the store keeps.
package retention

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Limits bounds what a store keeps.
type Limits struct {
	// Age is how long a thread is kept after it was last written to. If zero,
	// threads are kept for ever.
	Age time.Duration
	// Runs is how many finished runs of a thread are kept for replay, the newest
	// ones. If zero, all are.
	Runs int64
}

// Take moves the parameters "retention" and "max-runs" out of query.
func Take(query url.Values) (Limits, error) {
	var limits Limits
	var err error
	if query.Has("retention") {
		value := query.Get("retention")
		limits.Age, err = time.ParseDuration(value)
		if err != nil || limits.Age != 0 && limits.Age < time.Minute {
			return Limits{}, fmt.Errorf("retention: %q is not a duration of a minute or more, like 720h", value)
		}
		query.Del("retention")
	}
	if query.Has("max-runs") {
		value := query.Get("max-runs")
		limits.Runs, err = strconv.ParseInt(value, 10, 64)
		if err != nil || limits.Runs < 0 {
			return Limits{}, fmt.Errorf("max-runs: %q is not a number of runs", value)
		}
		query.Del("max-runs")
	}
	return limits, nil
}
