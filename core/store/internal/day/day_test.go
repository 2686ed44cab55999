package day_test

import (
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store/internal/day"
)

func TestDaysBeginAtMidnightUTC(t *testing.T) {
	for at, want := range map[string]int64{
		"1970-01-01T00:00:00Z": 0, "1970-01-01T23:59:59.999Z": 0, "1970-01-02T00:00:00Z": 1,
		"1969-12-31T23:59:59Z": -1, "1969-12-31T00:00:00Z": -1, "1969-12-30T23:59:59Z": -2,
		"2024-02-29T23:30:00-01:00": 19783, "2024-03-01T00:30:00Z": 19783,
	} {
		parsed, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			t.Fatal(err)
		}
		got := day.Of(parsed)
		if got != want || parsed.Before(day.Time(got)) || !parsed.Add(day.Left(parsed)).Equal(day.Time(got+1)) {
			t.Errorf("%s is on day %d, want %d", at, got, want)
		}
	}
}

func TestARangeIsBounded(t *testing.T) {
	far := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	if first, last := day.Range(time.Time{}, time.Time{}); first != 0 || last != day.Last {
		t.Errorf("no bounds: %d to %d", first, last)
	}
	if first, last := day.Range(far, far); first != day.Last || last != day.Last {
		t.Errorf("far away: %d to %d", first, last)
	}
	if first, last := day.Range(day.Time(-5), day.Time(20)); first != 0 || last != 20 {
		t.Errorf("from before: %d to %d", first, last)
	}
}
