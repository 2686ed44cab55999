package bundle

import (
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence"
)

// intelligenceVariables let CopilotKit's managed platform keep the threads.
var intelligenceVariables = []variable{
	{
		name:    intelligenceKey,
		meaning: "the project's key at CopilotKit's managed platform, which then keeps the threads in place of `COPILOTKIT_STORE`; see [Intelligence](docs/intelligence.md)",
		set: func(s *Settings, value string) error {
			s.Intelligence.Key = Secret(value)
			return nil
		},
	},
	{
		name:     "COPILOTKIT_INTELLIGENCE_API_URL",
		meaning:  "where the platform's API is, if you host it yourself",
		fallback: "CopilotKit's own",
		set:      setText(func(s *Settings) *string { return &s.Intelligence.APIURL }),
	},
	{
		name:     "COPILOTKIT_INTELLIGENCE_WS_URL",
		meaning:  "where its gateway is, which browsers must reach, too",
		fallback: "CopilotKit's own",
		set:      setText(func(s *Settings) *string { return &s.Intelligence.WSURL }),
	},
	{
		name:    intelligenceUser,
		meaning: "in development without `COPILOTKIT_AUTH`, the id of the one user whose threads all are",
		set:     setText(func(s *Settings) *string { return &s.Intelligence.User }),
	},
	{
		name:    "COPILOTKIT_INTELLIGENCE_MEMORY",
		meaning: "what agents and front ends may do with the platform's memories: `off`, `read`, `read-write`, or `user=read-write,project=read`",
		value:   "off",
		set:     setMemories,
	},
	{
		name:    "COPILOTKIT_INTELLIGENCE_CONTAINER",
		meaning: "the learning container of new threads",
		set: func(s *Settings, value string) error {
			s.Intelligence.Container = value
			return intelligence.CheckContainer(value)
		},
	},
	{
		name:    intelligenceBackground,
		meaning: "`on` says that the process goes on when it has answered a run, as it must; Cloud Run doesn't tell whether it does",
		value:   "off",
		set:     oneOf(func(s *Settings) *bool { return &s.Intelligence.Background }, "off", "on"),
	},
	{
		name:     "COPILOTKIT_INTELLIGENCE_LOCK_SECONDS",
		meaning:  "how long a thread stays locked when the instance of its run has died",
		fallback: "20",
		set:      setSeconds(func(s *Settings) *time.Duration { return &s.Intelligence.LockTTL }),
	},
	{
		name:     "COPILOTKIT_INTELLIGENCE_LOCK_HEARTBEAT_SECONDS",
		meaning:  "how often the lock is renewed",
		fallback: "three quarters of that",
		set:      setSeconds(func(s *Settings) *time.Duration { return &s.Intelligence.LockHeartbeat }),
	},
	{
		name:    "COPILOTKIT_INTELLIGENCE_LOCK_KEY_PREFIX",
		meaning: "sets this deployment's locks apart from those of others of the project",
		set:     setText(func(s *Settings) *string { return &s.Intelligence.LockKeyPrefix }),
	},
	{
		name:     "COPILOTKIT_INTELLIGENCE_RECONNECT_SECONDS",
		meaning:  "the longest pause between attempts to reach the gateway again",
		fallback: "10",
		set:      setSeconds(func(s *Settings) *time.Duration { return &s.Intelligence.ReconnectMax }),
	},
	{
		name:     "COPILOTKIT_INTELLIGENCE_REJOIN_SECONDS",
		meaning:  "the longest pause between attempts to join a run's channel again",
		fallback: "30",
		set:      setSeconds(func(s *Settings) *time.Duration { return &s.Intelligence.RejoinMax }),
	},
}
