package main

import (
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/signin/aws"
	"github.com/copilotkit-go/runtime/core/signin/azure"
	"github.com/copilotkit-go/runtime/core/signin/google"
)

// signIns lets models be asked as whoever this machine or its user is. Each platform's
// program has those of its platform alone.
func signIns() []bundle.Option {
	return []bundle.Option{
		bundle.WithSignIn("aws", aws.SignIn()),
		bundle.WithSignIn("azure", azure.SignIn(nil)),
		bundle.WithSignIn("google", google.SignIn(nil)),
	}
}
