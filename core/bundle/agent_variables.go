package bundle

import "time"

// agentVariables are those of agents, models and what they may draw.
var agentVariables = []variable{
	{
		name:     "COPILOTKIT_MODEL",
		meaning:  "`provider/model`, or several with commas: the next answers when one can't, see [Models](docs/models.md#in-production); or `demo` for the embedded model",
		value:    "openai/gpt-4o",
		fallback: "`openai/gpt-4o`; the local server uses `demo` if `OPENAI_API_KEY` isn't set",
		set:      setModel,
	},
	{
		name:    "COPILOTKIT_MODEL_TEMPERATURE",
		meaning: "how freely the model chooses its words: a number from 0 to 2",
		set:     setTemperature,
	},
	{
		name:    "COPILOTKIT_MODEL_MAX_TOKENS",
		meaning: "the most tokens of one answer",
		set:     setMaxTokens,
	},
	{
		name:    "COPILOTKIT_MODEL_REASONING_EFFORT",
		meaning: "how much the model thinks: `none`, `minimal`, `low`, `medium`, `high` or `xhigh`, as far as it knows them",
		set:     setReasoningEffort,
	},
	{
		name:    "COPILOTKIT_MODEL_OPTIONS",
		meaning: "further fields of its requests, by provider: `{\"openai\":{\"serviceTier\":\"flex\"}}`",
		set:     setModelOptions,
	},
	{
		name:     "COPILOTKIT_MODEL_FIRST_TOKEN_SECONDS",
		meaning:  "how long the model may take to the first token; then the next one is asked, or the run ends with `model_timeout`",
		fallback: "no limit; 60 where `COPILOTKIT_MODEL` has several",
		set:      setSeconds(func(s *Settings) *time.Duration { return &s.ModelFirstToken }),
	},
	{
		name:     "COPILOTKIT_MODEL_NEXT_TOKEN_SECONDS",
		meaning:  "how long it may take from one token to the next; then the run ends with `model_timeout`",
		fallback: "no limit",
		set:      setSeconds(func(s *Settings) *time.Duration { return &s.ModelNextToken }),
	},
	{
		name:     "COPILOTKIT_MODEL_HISTORY_TOKENS",
		meaning:  "about how many tokens of a thread the model is sent; the oldest turns of a longer one are left out",
		fallback: "all of it",
		set:      setInt(func(s *Settings) *int { return &s.ModelHistoryTokens }, 1, 100_000_000),
	},
	{
		name:    "COPILOTKIT_PROMPT",
		meaning: "system prompt of the default agent",
		set: func(s *Settings, value string) error {
			s.Prompt = value
			return nil
		},
	},
	{
		name:     "COPILOTKIT_MAX_STEPS",
		meaning:  "the most model calls per run",
		fallback: "10 if tools run on the server (and for the demo model), else 1",
		set:      setInt(func(s *Settings) *int { return &s.MaxSteps }, 1, 1000),
	},
	{
		name:    "COPILOTKIT_AGENTS",
		meaning: "remote AG-UI agents: `name=url,name=url`, or `{\"name\":{\"url\":\"…\",\"headers\":{\"…\":\"…\"},\"connectUrl\":\"…\"}}`",
		set: func(s *Settings, value string) (err error) {
			s.Agents, err = parseUpstreams(value, remoteAgents)
			return err
		},
	},
	{
		name: "COPILOTKIT_MCP_SERVERS",
		meaning: "MCP servers whose tools the default agent gets: `name=url,name=url`, or " +
			"`{\"name\":{\"url\":\"…\",\"headers\":{\"…\":\"…\"},\"transport\":\"http\"}}`; the transport is `http` or `sse`; " +
			"`oauth` gets [access tokens](docs/forwarding.md#access-tokens-of-the-runtimes-own)",
		set: func(s *Settings, value string) (err error) {
			s.MCPServers, err = parseUpstreams(value, mcpServers)
			return err
		},
	},
	{
		name: mcpAppsVariable,
		meaning: "MCP servers whose tools show pages in the chat, written as `COPILOTKIT_MCP_SERVERS` is; in JSON also `agentId`, the one agent " +
			"that has them, and `serverId`, which is the name by default; [more](docs/generative-ui.md#mcp-apps)",
		set: func(s *Settings, value string) (err error) {
			s.MCPApps, err = parseUpstreams(value, mcpApps)
			return err
		},
	},
	{
		name: a2uiVariable,
		meaning: "whether agents may draw A2UI surfaces: `on`, `off`, or a JSON object of options, " +
			"see [Generative UI](docs/generative-ui.md#a2ui)",
		fallback: "for front ends that have a catalog of components",
		set:      setA2UI,
	},
	{
		name:    openGenerativeUI,
		meaning: "`on` lets models draw pages of their own in the chat, `{\"agents\":[\"…\"]}` those of some agents; or `off`; [more](docs/generative-ui.md#pages)",
		value:   "off",
		set:     setOpenGenerativeUI,
	},
	{
		name: "COPILOTKIT_FORWARD_AUTHORIZATION",
		meaning: "who gets the caller's `Authorization`, and headers like it: comma-separated names of remote agents and MCP servers, " +
			"`*` for all remote agents, or `off`; [more](docs/forwarding.md)",
		fallback: "`off`; in development `*`",
		set:      setForwardAuthorization,
	},
	{
		name: "COPILOTKIT_FORWARD_HEADERS",
		meaning: "which headers of a request agents get: `{\"deny\":[],\"denyPrefixes\":[],\"allow\":[],\"useDefaultDenylist\":true}`, each of which " +
			"may be left out; [more](docs/forwarding.md#which-headers)",
		fallback: "`authorization` and `x-*`, without those of proxies and platforms",
		set:      setForwardHeaders,
	},
}
