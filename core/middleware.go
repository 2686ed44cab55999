package core

import (
	"net/http"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Outcome is what an endpoint answered, as [Runtime.AfterRequest] gets it.
type Outcome struct {
	Route Route
	// Status and Header are the answer's. They are not to be changed.
	Status int
	Header http.Header
	// Messages are those that the stream showed: its last snapshot if it had
	// one, otherwise what its text, tool call and result events add up to. Nil
	// when the answer wasn't a stream. A run's stream counts whole, also when its
	// client went away.
	Messages []agui.Message
	// ThreadID and RunID are from the stream's RUN_STARTED, "" without one.
	ThreadID string
	RunID    string
}

// after tells AfterRequest what was answered.
func (x *exchange) after() {
	if x.runtime.AfterRequest == nil || !x.started {
		return
	}
	outcome := Outcome{Route: x.route, Status: x.response.Status, Header: x.response.Header}
	x.replay.fill(&outcome)
	err := recovering(func() error { return x.runtime.AfterRequest(x.r, outcome) })
	if err != nil {
		x.logger.ErrorContext(x.r.Context(), "AfterRequest failed", "path", x.r.URL.Path, "error", err)
	}
}
