package retention_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store/internal/retention"
)

func TestLimitsAreTakenOutOfTheQuery(t *testing.T) {
	for query, want := range map[string]retention.Limits{
		"other=1":                            {},
		"other=1&retention=720h":             {Age: 720 * time.Hour},
		"other=1&retention=0s&max-runs=0":    {},
		"max-runs=5&other=1&retention=1m":    {Age: time.Minute, Runs: 5},
		"max-runs=5&max-runs=6&other=1":      {Runs: 5},
		"retention=90s&other=1&retention=1s": {Age: 90 * time.Second},
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := retention.Take(values); got != want || err != nil {
			t.Errorf("%s: got %+v, %v", query, got, err)
		}
		if rest := values.Encode(); rest != "other=1" {
			t.Errorf("%s: %s is left", query, rest)
		}
	}
}

func TestBadLimitsAreNamed(t *testing.T) {
	for query, want := range map[string]string{
		"retention=":      "retention: \"\" is not a duration",
		"retention=1s":    "a minute or more",
		"retention=-1h":   "a minute or more",
		"retention=month": "a minute or more",
		"max-runs=":       "max-runs: \"\" is not a number of runs",
		"max-runs=-1":     "not a number of runs",
		"max-runs=many":   "not a number of runs",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := retention.Take(values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", query, err, want)
		}
	}
}
