package dynamodb

import (
	"testing"
	"time"
)

// A machine's clock is off, and drifts; what the store makes of it never is by more than
// the answers' dates allow, and is the better the more answers there were.
func TestTheServersClockIsFoundOut(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, off := range []time.Duration{0, 300 * time.Millisecond, -90 * time.Minute, 48 * time.Hour} {
		server := start
		c := &clock{now: func() time.Time { return server.Add(off) }}
		for n := range 200 {
			sent := c.now()
			server = server.Add(3 * time.Millisecond)
			date := server.Truncate(time.Second)
			server = server.Add(4 * time.Millisecond)
			c.observe(sent, c.now(), date)
			if c.earliest().After(server) || c.latest().Before(server) {
				t.Fatalf("off by %v, answer %d: it is %v, and thought to be from %v to %v", off, n, server, c.earliest(), c.latest())
			}
			if width := c.latest().Sub(c.earliest()); n > 100 && width > 50*time.Millisecond {
				t.Fatalf("off by %v, answer %d: the bounds are %v wide", off, n, width)
			}
			if wrong := c.time().Sub(server).Abs(); wrong > 1100*time.Millisecond {
				t.Fatalf("off by %v, answer %d: the time is wrong by %v", off, n, wrong)
			}
			server = server.Add(time.Duration(37*n%997) * time.Millisecond)
		}
		// The machine's clock is set right, or the instance was frozen and its clock too.
		off -= 5 * time.Minute
		sent := c.now()
		c.observe(sent, c.now(), server.Truncate(time.Second))
		if c.earliest().After(server) || c.latest().Before(server) {
			t.Errorf("after a jump: it is %v, and thought to be from %v to %v", server, c.earliest(), c.latest())
		}
	}
}
