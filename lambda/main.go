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
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/copilotkit-go/runtime/core/bundle"
)

func main() {
	bundle.LimitMemory()
	slog.SetDefault(slog.New(logFormat(os.Stderr, slog.LevelInfo)))
	runtime := newRuntime()
	// Lambda gives an instance a whole processor until it asks for its first event, and
	// then what its memory buys: at 128 MB a fourteenth.
	runtime.Prepare(context.Background())
	lambda.StartWithOptions(newFunction(runtime).invoke, lambda.WithSetEscapeHTML(false))
}
