// Command lambda is the runtime as an AWS Lambda function. One binary serves every
// front door, which it recognizes by the event:
//
//	Function URL, invoke mode RESPONSE_STREAM          streams
//	API Gateway REST API, ResponseTransferMode STREAM  streams
//	Function URL, invoke mode BUFFERED                 COPILOTKIT_LAMBDA_RESPONSE=buffered
//	API Gateway REST API                               COPILOTKIT_LAMBDA_RESPONSE=buffered
//	API Gateway HTTP API, Application Load Balancer    buffered, since these can't stream
//
// Build it with -tags lambda.norpc for the runtime provided.al2023, as
// "bootstrap" (make package-lambda). The environment configures it.
package main

import (
	"context"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	limitMemory()
	runtime := newRuntime()
	// Lambda gives an instance a whole processor until it asks for its first event, and
	// then what its memory buys: at 128 MB a fourteenth.
	runtime.Prepare(context.Background())
	lambda.StartWithOptions(newFunction(runtime).invoke, lambda.WithSetEscapeHTML(false))
}

// limitMemory sets a memory limit below the instance's, so that the garbage collector
// works harder before Lambda kills the instance. GOMEMLIMIT takes precedence.
func limitMemory() {
	megabytes, err := strconv.Atoi(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	if err == nil && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(megabytes) << 20 * 3 / 4)
	}
}
