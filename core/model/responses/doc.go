// Package responses is the dialect of OpenAI's Responses API, at OpenAI, on Azure, and
// at gateways that speak it. Reasoning models show summaries of their reasoning there,
// and get back what they have thought, encrypted, with the results of tools and in later
// runs. Nothing is stored at the provider: each request has the whole conversation.
//
//	m, err := responses.New(model.Config{Model: "openai-responses/gpt-5"})
//
// The BaseURL of a configuration goes up to and without "/responses"; that of Azure is
// the resource's address.
package responses
