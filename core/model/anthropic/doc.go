// Package anthropic is the dialect of Anthropic's Messages.
//
//	m, err := anthropic.New(model.Config{Model: "anthropic/claude-sonnet-4-6"})
//
// The key is ANTHROPIC_API_KEY, or ANTHROPIC_AUTH_TOKEN for a bearer token, and the
// address ANTHROPIC_BASE_URL, without the version ("/v1", which may be there), unless
// they are configured.
//
// Thoughts go back to the model with their signatures, in the next step and in later
// runs, and are left out if the API doesn't accept them any more. Prompts are cached:
// the tools, the instructions and the conversation, up to the last two turns of the
// user.
//
// The fields of ProviderOptions["anthropic"] are added to the body, in snake case. Some
// have a meaning here:
//
//   - caching: false turns the caching of prompts off
//   - cacheControl: the mark of what is cached, such as {"type":"ephemeral","ttl":"1h"}
//   - thinking: in place of what ReasoningEffort comes to, such as
//     {"type":"enabled","budgetTokens":8000}
//   - effort: the same, for models that have one: "low" to "max"
//   - disableParallelToolUse: true for one call at a time
//   - anthropicBeta: names of beta features, for the header
package anthropic
