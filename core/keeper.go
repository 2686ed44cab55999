package core

import (
	"context"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

// keeper is who keeps threads, a [storeKeeper] or a [platformKeeper]: where a run's
// events go, and whom the routes of threads ask. Everything else about a request, a run
// and a thread is the endpoints', alike for both.
//
// Its errors are what to answer, an [*HTTPError] or a failure. Keys are of the request's
// user. What is to be answered is a value for [exchange.kept].
type keeper interface {
	// prepare changes a run before it begins. Once that has, unnamed reports whether its
	// thread is to get a name; it is nil where threads get none.
	prepare(ex *exchange, request *runner.Request) (unnamed func() bool, err error)
	// answer begins the answer to a run that has begun, and says where its events go.
	answer(ex *exchange, run *begunRun, input *agui.RunAgentInput) error
	// connect answers with what the thread has, and its live run.
	connect(ex *exchange, answerer agent.Agent, input *agui.RunAgentInput) error
	// stop asks the thread's live run to stop, and reports whether there was one.
	stop(ex *exchange, key store.Key, runID string) (bool, error)

	// ready reports whether threads can be had and kept.
	ready(ctx context.Context) error

	list(ex *exchange, query store.Query) (any, error)
	create(ex *exchange, key store.Key, agentID, name string) (any, error)
	// update changes a thread; what is said if it fails.
	update(ex *exchange, key store.Key, what string, change threadBody) (any, error)
	// rename gives a thread the name that was made for it.
	rename(ctx context.Context, key store.Key, agentID, name string) error
	remove(ex *exchange, key store.Key, agentID string) error
	clear(ex *exchange) error
	subscribe(ex *exchange) (any, error)
	messages(ex *exchange, key store.Key) (any, error)
	events(ex *exchange, key store.Key) (any, error)
	state(ex *exchange, key store.Key) (any, error)
}
