package core

import (
	"context"
	"errors"
	"net/http"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/store"
)

// The answers to what the platform has failed at, with the reference's texts and statuses.

// notBegun returns the answer to a run that the platform didn't let begin.
func notBegun(err error) error {
	var failed *intelligence.Error
	switch {
	case errors.Is(err, store.ErrLocked):
		answer := threadLocked(err)
		answer.Body = errorBody{Error: "Thread lock denied", Code: "agent_thread_locked", Message: "Thread already running"}
		return answer
	case !errors.As(err, &failed), errors.Is(err, context.Canceled): // by its client
		return err
	}
	switch failed.Step {
	case intelligence.StepThread:
		return refusedOrBadGateway("Failed to initialize thread", err)
	case intelligence.StepLock:
		return badGateway("Thread lock denied", err)
	case intelligence.StepCredentials:
		return badGateway("Run connection credentials not available", err)
	case intelligence.StepHistory:
		return badGateway("Thread history lookup failed", err)
	}
	return badGateway("Failed to start runner", err)
}

// notConnected returns the answer to a connect that the platform refused.
func notConnected(err error) error {
	answer := &HTTPError{Status: http.StatusBadGateway, Body: errorBody{Error: "Connect request failed"}, Err: err}
	if status := platformStatus(err); status != 0 {
		answer.Status = status
	}
	switch answer.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict:
		answer.Body = errorBody{Error: "Connect request rejected"}
	}
	return answer
}

// refusedOrBadGateway returns the answer to a request that the platform refused, with its
// status if it is the client's fault, else 502.
func refusedOrBadGateway(what string, err error) error {
	if status := platformStatus(err); status >= 400 && status < 500 {
		return &HTTPError{Status: status, Body: errorBody{Error: what}, Err: err}
	}
	return badGateway(what, err)
}

// platformStatus returns the status with which the platform has refused a request, or would
// have, 0 for none.
func platformStatus(err error) int {
	var failed *intelligence.Error
	switch {
	case errors.Is(err, intelligence.ErrInvalidID):
		return http.StatusBadRequest
	case errors.As(err, &failed):
		return failed.Status
	}
	return 0
}

func badGateway(what string, err error) *HTTPError {
	return &HTTPError{Status: http.StatusBadGateway, Body: errorBody{
		Error: what, Message: "The Intelligence platform didn't do what was asked of it.",
	}, Err: err}
}

// platformFailure returns a failure of the platform as the reference answers it: with
// 500, whatever the platform's status was.
func platformFailure(what string, err error) error {
	return &HTTPError{Status: http.StatusInternalServerError, Body: errorBody{Error: what}, Err: err}
}
