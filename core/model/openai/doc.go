// Package openai speaks chat completions, the protocol that OpenAI and many other
// providers have: a table of them says where each is and what is particular to
// it.
//
//	m, err := openai.New(openai.Config{Model: "openai/gpt-4o"})
//
// The key and the address come from the provider's environment variables unless
// they are configured. "openai" with an address of its own is any other compatible
// server.
package openai
