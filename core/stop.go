package core

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

const stopFailed = "Failed to stop agent"

// serveStop asks the thread's live run to stop, wherever it runs. It answers as soon
// as the run has been asked, not when it has ended.
func (rt *Runtime) serveStop(ex *exchange) error {
	runID, err := ex.stopScope()
	if err != nil {
		return err
	}
	if _, err := rt.agent(ex); err != nil {
		return namedFailure(stopFailed, err)
	}
	key := ex.key(ex.route.ThreadID)
	stopped, err := rt.keeper.stop(ex, key, runID)
	if err != nil {
		return err
	}
	if !stopped {
		message := fmt.Sprintf("No active run for thread '%s'.", key.ID)
		if runID != "" {
			message = fmt.Sprintf("Run '%s' is not the active run for thread '%s'.", runID, key.ID)
		}
		return ex.json(http.StatusOK, notStopped{Message: message})
	}
	return ex.json(http.StatusOK, stopAnswer{Stopped: true, Interrupt: interrupt{
		Type: "RUN_ERROR", Message: "Run stopped by user", Code: "STOPPED",
	}})
}

type notStopped struct {
	Stopped bool   `json:"stopped"`
	Message string `json:"message"`
}

type stopAnswer struct {
	Stopped   bool      `json:"stopped"`
	Interrupt interrupt `json:"interrupt"`
}

type interrupt struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Code    string `json:"code"`
}

// stopScope reads which run is to be stopped: {"runId": …}, or an empty body for
// whichever is live.
func (ex *exchange) stopScope() (runID string, err error) {
	data, err := ex.readBody()
	if err != nil || len(strings.TrimSpace(string(data))) == 0 {
		return "", err
	}
	var body map[string]json.RawMessage
	if json.Unmarshal(data, &body) != nil || body == nil {
		return "", answerError(http.StatusBadRequest, "Invalid stop request")
	}
	raw, named := body["runId"]
	if len(body) > 1 || (len(body) == 1 && !named) {
		return "", answerError(http.StatusBadRequest, "Invalid stop request")
	}
	if named && (json.Unmarshal(raw, &runID) != nil || strings.TrimSpace(runID) == "") {
		return "", answerError(http.StatusBadRequest, "Invalid runId")
	}
	return runID, checkBodyID("runId", runID)
}
