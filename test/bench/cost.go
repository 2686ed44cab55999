package main

import (
	"fmt"
	"time"

	"github.com/copilotkit-go/runtime/test/costs"
)

// What is assumed of a deployment.
const (
	runSeconds = 10
	runEvents  = deltas + 4
	// lambdaOurs is the memory size of template.yaml, lambdaReference that of the
	// reference's guide, in GB.
	lambdaOurs, lambdaReference = 0.125, 1
	// An instance of Cloud Run has a processor and is used to a part of it, by so many
	// requests at most.
	cloudRunUse, cloudRunMost = 0.6, 1000
	// Vercel's smallest instance has 2 GB. Where it serves several requests at once, its
	// memory is shared by them.
	vercelGB = 2
)

// printCosts writes what a million runs cost, of this runtime and of the reference.
func printCosts(results []*result) {
	var of []*result
	for _, r := range results {
		if r.peakSlow > 0 && r.target.name != "bare relay" {
			of = append(of, r)
		}
	}
	if len(of) == 0 {
		return
	}
	fmt.Print("\n| a million runs of 10 s |")
	for _, r := range of {
		fmt.Printf(" %s |", r.target.name)
	}
	fmt.Print("\n|---|")
	for range of {
		fmt.Print("---|")
	}
	fmt.Println()
	for _, row := range []struct {
		name string
		cost func(*result) float64
	}{{"AWS Lambda", lambdaCost}, {"Google Cloud Run", cloudRunCost}, {"Vercel, a request per instance", vercelCost}} {
		fmt.Printf("| %s |", row.name)
		for _, r := range of {
			fmt.Printf(" $%.2f |", row.cost(r))
		}
		fmt.Println()
	}
}

// lambdaCost is the cost of instances that serve one request at a time, and are paid for
// while they wait.
func lambdaCost(r *result) float64 {
	memory := float64(lambdaOurs)
	if r.target.name == "reference" {
		memory = lambdaReference
	}
	return costs.Lambda(r.run(), memory)
}

// cloudRunCost is the cost of instances of one processor that are well used, with the
// next larger size of memory.
func cloudRunCost(r *result) float64 {
	load := r.runTime().Seconds() / runSeconds
	atOnce := min(cloudRunMost, cloudRunUse/load)
	memory := 0.25
	for memory*(1<<30) < float64(r.peakSlow) {
		memory *= 2
	}
	return costs.CloudRun(r.run(), memory, atOnce)
}

// vercelCost is the cost of an instance for each request, whose processor is paid for
// while it works.
func vercelCost(r *result) float64 {
	return costs.Vercel(r.run(), vercelGB, 1)
}

// run is what a run takes.
func (r *result) run() costs.Run {
	return costs.Run{Seconds: runSeconds, Processor: r.runTime().Seconds()}
}

// runTime is the processor time of a run.
func (r *result) runTime() time.Duration { return runEvents * r.cpuPerEvent }
