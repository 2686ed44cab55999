// Command lambda is the runtime as an AWS Lambda function. One binary serves
// every front door; the event tells which it is:
//
//	Function URL, invoke mode RESPONSE_STREAM          streams
//	API Gateway REST API, ResponseTransferMode STREAM  streams
//	Function URL, invoke mode BUFFERED                 COPILOTKIT_LAMBDA_RESPONSE=buffered
//	API Gateway REST API                               COPILOTKIT_LAMBDA_RESPONSE=buffered
//	API Gateway HTTP API, Application Load Balancer    buffered, since these can't stream
//
// Build it with -tags lambda.norpc for the runtime provided.al2023, as
// "bootstrap" (make package-lambda). All else comes from the environment.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() {
	lambda.StartWithOptions(newFunction().invoke, lambda.WithSetEscapeHTML(false))
}
