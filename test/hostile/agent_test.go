package hostile_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// agentStream is an answer of a remote agent.
var agentStream = frames{
	begin: `data: {"type":"RUN_STARTED","threadId":"t1","runId":"r1"}` + "\n\n" +
		`data: {"type":"TEXT_MESSAGE_START","messageId":"a1","role":"assistant"}` + "\n\n",
	delta: func(text string) string {
		encoded, _ := json.Marshal(text)
		return `data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"a1","delta":` + string(encoded) + "}\n\n"
	},
	end: `data: {"type":"TEXT_MESSAGE_END","messageId":"a1"}` + "\n\n" +
		`data: {"type":"RUN_FINISHED","threadId":"t1","runId":"r1"}` + "\n\n",
}

func TestAHostileRemoteAgentEndsItsRunsInGoodOrder(t *testing.T) {
	t.Parallel()
	const (
		unreachable = "remote_agent_unreachable"
		failed      = "remote_agent_error"
		protocol    = "remote_agent_protocol_error"
		broken      = "remote_agent_stream_broken"
	)
	f := agentStream
	cases := streams(f, broken, broken, protocol)
	// A server that dies may close its connection as if it had ended.
	for _, name := range []string{"it ends in mid-stream", "it sends half of an object"} {
		test := cases[name]
		test.want.code = broken
		cases[name] = test
	}
	maps.Copy(cases, map[string]struct {
		answer answer
		want   expected
	}{
		"it hangs before its header":          {hang, expected{unreachable, ""}},
		"it resets before its header":         {reset, expected{unreachable, ""}},
		"it answers with a page":              {page, expected{protocol, ""}},
		"it answers 401":                      {jsonError(401), expected{failed, ""}},
		"it answers 429, come back in 1e10":   {jsonError(429, "Retry-After", "1e10"), expected{failed, ""}},
		"it answers 500 with text":            {status(500), expected{failed, ""}},
		"it answers 500 for ever":             {endless500, expected{failed, ""}},
		"it answers 200 with an error":        {jsonError(200), expected{protocol, ""}},
		"it never closes after RUN_FINISHED":  {stream(f.begin+f.delta("Hel")+f.end, hang), expected{"", "Hel"}},
		"it sends an event without its parts": {stream(f.begin+f.delta("Hel")+`data: {"type":"TEXT_MESSAGE_CONTENT"}`+"\n\n", end), expected{protocol, "Hel"}},
		"it sends what quotes the request":    {quotingEvent, expected{protocol, "Hel"}},
		"it redirects to another host (302)":  {away(t, http.StatusFound), expected{unreachable, ""}},
		"it redirects to another host (307)":  {away(t, http.StatusTemporaryRedirect), expected{unreachable, ""}},
	})
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, test.answer)
			agents, err := json.Marshal(map[string]any{"default": map[string]any{
				"url": secretURL(server), "headers": map[string]string{"X-Key": serverToken},
			}})
			if err != nil {
				t.Fatal(err)
			}
			timeouts := bundle.Timeouts{AgentHeader: test.want.headerPatience(unreachable), AgentIdle: test.want.patience(broken)}
			test.want.check(t, run(t, timeouts, test.want.limit(), "COPILOTKIT_AGENTS="+string(agents), "COPILOTKIT_FORWARD_AUTHORIZATION=*"))
		})
	}
}

// quotingEvent sends an event of no valid form that quotes the request.
func quotingEvent(w http.ResponseWriter, r *http.Request, quoted string) {
	encoded, _ := json.Marshal(quoted)
	stream(agentStream.begin+agentStream.delta("Hel")+fmt.Sprintf("data: {\"type\":\"TEXT_MESSAGE_START\",\"messageId\":7,\"role\":%s}\n\n", encoded), end)(w, r, quoted)
}
