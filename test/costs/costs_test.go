package costs_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/copilotkit-go/runtime/test/costs"
)

func TestWhatAMillionRunsCost(t *testing.T) {
	for name, test := range map[string]struct{ got, want float64 }{
		"Lambda with 128 MB":                     {costs.Lambda(costs.Typical, 0.125), 16.87},
		"Lambda with 1 GB":                       {costs.Lambda(costs.Typical, 1), 133.53},
		"Cloud Run with 80 at a time":            {costs.CloudRun(costs.Typical, 0.25, 80), 3.48},
		"Vercel with 10 at a time":               {costs.Vercel(costs.Typical, 2, 10), 7.38},
		"Upstash by the delta, of short answers": {costs.Upstash(107), 214},
		"Upstash by the delta, of long answers":  {costs.Upstash(506), 1012},
		"DynamoDB by the write":                  {costs.DynamoDB(1, 0), 0.625},
	} {
		if math.Abs(test.got-test.want) > 0.005 {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
	if got := costs.BreakEven(costs.Typical, 0.125, 0.25); got != 15 {
		t.Errorf("Cloud Run is cheaper than Lambda from %d runs at a time, want 15", got)
	}
}

// What a run of a minute costs on Lambda, by the memory of the function.
func ExampleLambda() {
	for _, megabytes := range []float64{128, 256, 512} {
		fmt.Printf("%.0f MB: $%.2f\n", megabytes, costs.Lambda(costs.Run{Seconds: 60}, megabytes/1024))
	}
	// Output:
	// 128 MB: $100.20
	// 256 MB: $200.20
	// 512 MB: $400.20
}
