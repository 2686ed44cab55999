// Package costs computes what deployments cost, from list prices. docs/costs.md has its
// tables, which `go generate ./test/costs` writes, and `make bench` its formulas.
//
// All amounts are US dollars, without free tiers, taxes, discounts, models and data
// transfer.
package costs

//go:generate go test -run TestThePageHasTheTables -update .

// List prices. The page says where each is published.
const (
	// AWS Lambda on arm64 in us-east-1, a GB-second.
	lambdaGBSecond = 0.0000133334
	// Requests, a million: of AWS Lambda, a REST API, Cloud Run and Vercel.
	lambdaRequests   = 0.20
	restAPIRequests  = 3.50
	cloudRunRequests = 0.40
	vercelRequests   = 0.60
	// Cloud Run in a region of tier 1, billed by request: a vCPU-second, a GiB-second.
	cloudRunCPU = 0.000024
	cloudRunGiB = 0.0000025
	// Vercel's Fluid compute in iad1: an hour of active processor, a GB-hour.
	vercelCPUHour = 0.128
	vercelGBHour  = 0.0106
	// DynamoDB on demand in us-east-1, a million units.
	dynamoDBWrites = 0.625
	dynamoDBReads  = 0.125
	// Upstash Redis by request, a million commands.
	upstashCommands = 2.00
	// ElastiCache Serverless for Valkey in us-east-1: a GB-hour, of which it bills a
	// tenth at least, and a million processing units.
	elastiCacheGBHour = 0.084
	elastiCacheUnits  = 0.0023
	// A NAT gateway in us-east-1, an hour.
	natHour = 0.045
)

const (
	million       = 1e6
	hour          = 3600
	hoursPerMonth = 730
)

// Run is what a run takes.
type Run struct {
	// Seconds is how long it lasts, nearly all of which is waiting for the model.
	Seconds float64
	// Processor is the processor time of it, in seconds.
	Processor float64
}

// Typical is an answer of 10 s in 500 deltas, at a model's pace: 50 µs for each delta,
// which arrives, is recorded and leaves by itself.
var Typical = Run{Seconds: 10, Processor: 0.025}

// Lambda returns what a million runs cost on AWS Lambda with so many GB of memory: an
// instance serves one run at a time.
func Lambda(run Run, memory float64) float64 {
	return million*run.Seconds*memory*lambdaGBSecond + lambdaRequests
}

// CloudRun returns what a million runs cost on Google Cloud Run, on instances of one vCPU
// and so many GiB of memory that serve so many runs at a time.
func CloudRun(run Run, memory, atOnce float64) float64 {
	return million*run.Seconds/atOnce*(cloudRunCPU+memory*cloudRunGiB) + cloudRunRequests
}

// Vercel returns what a million runs cost on Vercel, on instances of so many GB of memory
// that serve so many runs at a time. The processor is billed while it works.
func Vercel(run Run, memory, atOnce float64) float64 {
	return million*(run.Processor*vercelCPUHour+run.Seconds/atOnce*memory*vercelGBHour)/hour + vercelRequests
}

// BreakEven returns from how many runs at a time an instance of Cloud Run is cheaper than
// Lambda.
func BreakEven(run Run, lambdaMemory, cloudRunMemory float64) int {
	atOnce := 1
	for CloudRun(run, cloudRunMemory, float64(atOnce)) >= Lambda(run, lambdaMemory) {
		atOnce++
	}
	return atOnce
}

// DynamoDB returns what a million runs cost that take so many units each.
func DynamoDB(writes, reads float64) float64 {
	return writes*dynamoDBWrites + reads*dynamoDBReads
}

// Upstash returns what a million runs cost that take so many commands each.
func Upstash(commands float64) float64 { return commands * upstashCommands }

// ElastiCache returns what a million runs cost that take so many commands each, beside
// [ElastiCacheFloor]: a command is a processing unit.
func ElastiCache(commands float64) float64 { return commands * elastiCacheUnits }

// ElastiCacheFloor returns what an idle cache costs for a month.
func ElastiCacheFloor() float64 { return elastiCacheGBHour / 10 * hoursPerMonth }

// NAT returns what a NAT gateway costs for a month, without what it transfers.
func NAT() float64 { return natHour * hoursPerMonth }
