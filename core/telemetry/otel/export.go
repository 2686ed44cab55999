package otel

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// work exports in the background until working ends. What it exports ends with exports.
func (t *Telemetry) work(working, exports context.Context) {
	defer close(t.idle)
	spans, points := time.NewTicker(t.config.BatchDelay), time.NewTicker(t.config.MetricInterval)
	defer spans.Stop()
	defer points.Stop()
	for {
		due := "traces"
		select {
		case <-working.Done():
			return
		case <-spans.C:
		case <-t.traces.full:
		case <-points.C:
			due = "metrics"
		}
		for _, l := range t.lanes {
			switch {
			case l.signal != due:
			case l.breaker.open():
				l.probe(exports)
			default:
				l.export(exports)
			}
		}
	}
}

// exportAll exports everything, all signals at once. Those that are known to fail are
// left out.
func (t *Telemetry) exportAll(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	for _, l := range t.lanes {
		if !l.breaker.open() {
			group.Go(func() { l.export(ctx) })
		}
	}
}

// probeLimit is how long it may take to find out that a collector is back, beside a
// request.
const probeLimit = 2 * time.Second

// enter notes that a request begins, and tries collectors that have failed, if it is time
// to. The function that it returns is called when the request ends, and exports what
// there is: unless another request is under way, which then does.
func (t *Telemetry) enter() (leave func()) {
	if !t.config.Freezes {
		return func() {}
	}
	t.live.Add(1)
	ctx, cancel := context.WithTimeout(context.Background(), probeLimit)
	var probes sync.WaitGroup
	var patience time.Duration
	for _, l := range t.lanes {
		if l.breaker.due() {
			patience = max(patience, min(2*time.Duration(l.usual.Load()), t.config.FlushLimit))
			probes.Go(func() { l.probe(ctx) })
		}
	}
	return func() {
		// A request doesn't wait to find out for longer than an export takes of a collector
		// that is well. Without that, short requests alone would never find out.
		if patience == 0 {
			cancel()
		}
		limit := time.AfterFunc(patience, cancel)
		probes.Wait()
		limit.Stop()
		cancel()
		now := time.Now().UnixNano()
		if t.live.Add(-1) > 0 && now-t.flushed.Load() < int64(t.config.BatchDelay) {
			return
		}
		t.flushed.Store(now)
		ctx, cancel := context.WithTimeout(context.Background(), t.config.FlushLimit)
		defer cancel()
		t.exportAll(ctx)
	}
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
