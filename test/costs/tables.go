package costs

import (
	"fmt"
	"strings"
)

// Memory of this runtime's deployments: that of template.yaml in GB, that of
// scripts/deploy-gcf.sh in GiB, and Vercel's smallest instance in GB.
const (
	templateMemory = 0.125
	googleMemory   = 0.25
	vercelMemory   = 2
)

// What a typical run takes of stores, as docs/dynamodb.md and docs/threads.md measure it.
const (
	dynamoDBRunWrites, dynamoDBRunReads = 105, 24
	redisGatheredCommands               = 39
	// One command for each of 100 or 500 deltas, and those of the run's beginning and end.
	redisShortCommands, redisLongCommands = 107, 506
)

// tables returns the tables of the page, in its order.
func tables() []string {
	return []string{compute(), stores(), months()}
}

func table(head string, rows ...string) string {
	columns := strings.Count(head, "|") - 1
	return head + "\n|---|" + strings.Repeat("---:|", columns-1) + "\n" + strings.Join(rows, "\n") + "\n"
}

func dollars(amount float64) string {
	switch {
	case amount >= 1000:
		return fmt.Sprintf("$%d,%03d", int(amount+0.5)/1000, int(amount+0.5)%1000)
	case amount >= 100:
		return fmt.Sprintf("$%.0f", amount)
	}
	return fmt.Sprintf("$%.2f", amount)
}

// compute is what a million runs cost by platform and by how many an instance serves.
func compute() string {
	row := func(name string, cost func(atOnce float64) float64, most float64) string {
		cells := ""
		for _, atOnce := range []float64{1, 10, 15, 80} {
			if atOnce > most {
				cells += " |"
			} else {
				cells += " " + dollars(cost(atOnce)) + " |"
			}
		}
		return "| " + name + " |" + cells
	}
	return table("| a million runs, with so many on an instance at a time | 1 | 10 | 15 | 80 |",
		row("AWS Lambda, arm64, 128 MB", func(float64) float64 { return Lambda(Typical, templateMemory) }, 1),
		row("the same with 1 GB, as the reference's guide has it", func(float64) float64 { return Lambda(Typical, 1) }, 1),
		row("Google Cloud Run, 1 vCPU, 256 MiB", func(n float64) float64 { return CloudRun(Typical, googleMemory, n) }, 80),
		row("Vercel, 2 GB", func(n float64) float64 { return Vercel(Typical, vercelMemory, n) }, 80),
	)
}

// stores is what keeping the threads of a million runs costs.
func stores() string {
	row := func(name, units string, cost, floor float64) string {
		idle := "$0.00"
		if floor > 0 {
			idle = dollars(floor)
		}
		return fmt.Sprintf("| %s | %s | %s | %s |", name, units, dollars(cost), idle)
	}
	return table("| store | a run takes | a million runs | a month, idle |",
		row("DynamoDB, 500 deltas in 10 s", "105 writes, 24 reads", DynamoDB(dynamoDBRunWrites, dynamoDBRunReads), 0),
		row("Upstash, 100 deltas, one every 10 ms", "39 commands", Upstash(redisGatheredCommands), 0),
		row("Upstash, 100 deltas, each by itself", "107 commands", Upstash(redisShortCommands), 0),
		row("Upstash, 500 deltas, each by itself", "506 commands", Upstash(redisLongCommands), 0),
		row("ElastiCache Serverless and a NAT gateway, 500 deltas, each by itself", "506 commands", ElastiCache(redisLongCommands), ElastiCacheFloor()+NAT()),
	)
}

// months is the bill of a month by the number of its runs.
func months() string {
	lambda, cloudRun := Lambda(Typical, templateMemory), CloudRun(Typical, googleMemory, 80)
	dynamoDB, cache := DynamoDB(dynamoDBRunWrites, dynamoDBRunReads), ElastiCache(redisLongCommands)
	var rows []string
	for _, runs := range []float64{1e3, 1e4, 1e5, 1e6, 1e7} {
		part := runs / million
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", thousands(int(runs)),
			dollars(part*(lambda+dynamoDB)),
			dollars(part*(lambda+restAPIRequests+cache)+ElastiCacheFloor()+NAT()),
			dollars(part*CloudRun(Typical, googleMemory, 1)),
			dollars(part*cloudRun),
			dollars(part*(Vercel(Typical, vercelMemory, 10)+Upstash(redisLongCommands)))))
	}
	return table("| runs a month | Lambda, DynamoDB | Lambda, REST API, ElastiCache, NAT | Cloud Run, 1 at a time | Cloud Run, 80 at a time | Vercel, 10 at a time, Upstash |", rows...)
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
