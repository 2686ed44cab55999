package core

import (
	"net/http"

	"github.com/copilotkit-go/runtime/core/telemetry"
)

// identifyRequest gives the request its id, which its answer carries. A layer around the
// runtime that has set the header of the answer has chosen the id.
func identifyRequest(w http.ResponseWriter, r *http.Request) *http.Request {
	if given := w.Header().Get(telemetry.RequestIDHeader); given != "" && telemetry.RequestID(r.Context()) == "" {
		r = r.WithContext(telemetry.WithRequestID(r.Context(), given))
	}
	r = telemetry.Identified(r)
	w.Header().Set(telemetry.RequestIDHeader, telemetry.RequestID(r.Context()))
	return r
}

// observe tells the observer that a request has come. The function that it returns tells
// what came of it.
func (rt *Runtime) observe(ex *exchange) (end func()) {
	observer := rt.config.Observer
	if observer == nil {
		return func() {}
	}
	request := telemetry.Request{Request: ex.r, ID: telemetry.RequestID(ex.r.Context())}
	ctx, ended := observer.Request(telemetry.With(ex.r.Context(), observer), request)
	ex.r = ex.r.WithContext(ctx)
	return func() {
		ended(telemetry.RequestResult{
			Route: string(ex.route.Name), Status: ex.response.Status, User: ex.user.ID, Err: ex.failure,
		})
	}
}
