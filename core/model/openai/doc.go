// Package openai is the dialect of chat completions, the protocol of OpenAI and of
// many other providers. A table of the providers has their addresses and what is
// particular to each.
//
//	m, err := openai.New(model.Config{Model: "openai/gpt-4o"})
//
// The key and the address are those of the provider's environment variables unless
// they are configured. The provider "openai" with another address is any compatible
// server.
package openai
