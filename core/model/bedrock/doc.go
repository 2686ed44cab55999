// Package bedrock is the dialect of Amazon Bedrock's ConverseStream, for the models of
// all providers that it serves.
//
//	m, err := bedrock.New(model.Config{Model: "bedrock/us.anthropic.claude-sonnet-4-6"})
//
// The model is the id of a model or an inference profile, or the ARN of one. The region
// is that of the ARN, AWS_REGION or AWS_DEFAULT_REGION; AWS_ENDPOINT_URL_BEDROCK_RUNTIME
// or BaseURL is another address than the region's. The key is AWS_BEARER_TOKEN_BEDROCK;
// without one, [model.Config.SignIn] signs requests, as core/signin/aws does.
//
// The fields of ProviderOptions["bedrock"], such as guardrailConfig, serviceTier and
// additionalModelRequestFields, are added to the body. "caching" has a meaning here:
// false turns the caching of prompts off, and true turns it on for a model whose name
// doesn't tell that it can, such as the ARN of an application's inference profile.
package bedrock
