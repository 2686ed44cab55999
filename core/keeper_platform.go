package core

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

// platformKeeper has CopilotKit's Intelligence platform keep threads: the answer to a run
// says where its events are to be had, and the run goes on when that has been sent.
type platformKeeper struct {
	*Runtime
	intelligence *intelligence.Config
	platform     intelligence.Platform
	contact      *contact
}

// prepare has the run's lease taken from the platform, and gives its agent the memory
// tools that the policy grants.
func (k platformKeeper) prepare(ex *exchange, request *runner.Request) (unnamed func() bool, err error) {
	tools, err := k.memoryTools(ex)
	if err != nil {
		return nil, err
	}
	request.Agent = agent.Extend(request.AgentID, request.Agent, tools...)
	container, err := k.container(ex, request)
	if err != nil {
		return nil, err
	}
	var run intelligence.Run
	request.Lease = func(ctx context.Context, begin store.BeginRequest) (store.Lease, error) {
		var err error
		run, err = k.platform.Begin(ctx, intelligence.BeginRequest{
			BeginRequest: begin, Container: container, Created: k.told(ctx, k.intelligence.Events.Created),
		})
		if err != nil {
			return nil, notBegun(err)
		}
		return run, nil
	}
	if !k.config.NameThreads {
		return nil, nil
	}
	return func() bool { return run.Unnamed() }, nil
}

// answer sends where the run's events are, and ends the answer.
func (k platformKeeper) answer(ex *exchange, begun *begunRun, _ *agui.RunAgentInput) error {
	run, _ := begun.run.Lease().(intelligence.Run)
	begun.send = func([]agui.Encoded) error { return nil }
	if err := k.credentials(ex, run.Credentials()); err != nil {
		return err
	}
	ex.complete()
	return nil
}

// credentials answers with where a thread's events are.
func (k platformKeeper) credentials(ex *exchange, c intelligence.Credentials) error {
	type realtime struct {
		ClientURL string `json:"clientUrl"`
		Topic     string `json:"topic"`
	}
	body, err := encodeJSON(struct {
		ThreadID  string   `json:"threadId"`
		RunID     string   `json:"runId,omitempty"`
		JoinToken string   `json:"joinToken"`
		Realtime  realtime `json:"realtime"`
	}{c.ThreadID, c.RunID, c.JoinToken, realtime{k.platform.ClientURL(), "thread:" + c.ThreadID}})
	if err != nil {
		return err
	}
	return ex.bytes(http.StatusOK, http.Header{
		"Content-Type": {contentTypeJSON}, "Cache-Control": {"no-cache"},
	}, body)
}

// connect answers with where the thread's events are, or that there are none.
func (k platformKeeper) connect(ex *exchange, _ agent.Agent, input *agui.RunAgentInput) error {
	credentials, err := k.platform.Connect(ex.r.Context(), ex.user.ID, ex.route.AgentID, input.ThreadID)
	switch {
	case err != nil:
		return notConnected(err)
	case credentials == nil:
		return ex.bytes(http.StatusNoContent, make(http.Header), nil)
	}
	credentials.RunID = "" // as the reference has it
	return k.credentials(ex, *credentials)
}

// stop asks the run to stop, wherever it runs, if its thread is the user's and the agent's.
func (k platformKeeper) stop(ex *exchange, key store.Key, runID string) (bool, error) {
	ctx := ex.r.Context()
	thread, err := k.thread(ctx, key)
	if err != nil {
		return false, err
	}
	if thread.AgentID != "" && thread.AgentID != ex.route.AgentID {
		return false, answerError(http.StatusForbidden, threadDenied)
	}
	stopped, err := k.platform.Stop(ctx, key.Owner, ex.route.AgentID, thread.ID, runID)
	if err != nil {
		return false, platformFailure(stopFailed, err)
	}
	return stopped, nil
}

const threadDenied = "Thread access denied"

// thread returns a thread of the user's, or the answer to a request for another's.
func (k platformKeeper) thread(ctx context.Context, key store.Key) (intelligence.Thread, error) {
	thread, err := k.platform.Thread(ctx, key.Owner, key.ID)
	if err != nil {
		return thread, refusedOrBadGateway(threadDenied, err)
	}
	if blank(thread.ID) {
		return thread, answerError(http.StatusBadGateway, "Invalid thread response")
	}
	return thread, nil
}

func (k platformKeeper) list(ex *exchange, query store.Query) (any, error) {
	if query.AgentID == "" {
		return nil, answerError(http.StatusBadRequest, "Valid agentId query param is required")
	}
	limit := ""
	if query.Limit > 0 {
		limit = strconv.Itoa(query.Limit)
	}
	threads, err := k.platform.Threads(ex.r.Context(), query.Owner, intelligence.ThreadQuery{
		AgentID: query.AgentID, IncludeArchived: query.IncludeArchived, Limit: limit, Cursor: query.Cursor,
	})
	if err != nil {
		return nil, platformFailure("Failed to list threads", err)
	}
	return threads, nil
}

func (k platformKeeper) create(ex *exchange, key store.Key, agentID, name string) (any, error) {
	thread, err := k.platform.CreateThread(ex.r.Context(), key.Owner, agentID, key.ID, name)
	var failed *intelligence.Error
	if errors.As(err, &failed) && failed.Status == http.StatusConflict {
		return nil, answerError(http.StatusConflict, "Thread already exists")
	}
	if err != nil {
		return nil, platformFailure("Failed to create thread", err)
	}
	k.tell(ex.r.Context(), k.intelligence.Events.Created, thread)
	return thread.JSON, nil
}

func (k platformKeeper) update(ex *exchange, key store.Key, what string, change threadBody) (any, error) {
	patch := intelligence.ThreadPatch{Name: change.rawName, Archived: change.Archived}
	thread, err := k.platform.UpdateThread(ex.r.Context(), key.Owner, change.AgentID, key.ID, patch)
	if err != nil {
		return nil, platformFailure(what, err)
	}
	k.tell(ex.r.Context(), k.intelligence.Events.Updated, thread)
	return thread.JSON, nil
}

func (k platformKeeper) rename(ctx context.Context, key store.Key, agentID, name string) error {
	raw, err := encodeJSON(name)
	if err != nil {
		return err
	}
	thread, err := k.platform.UpdateThread(ctx, key.Owner, agentID, key.ID, intelligence.ThreadPatch{Name: raw})
	if err == nil {
		k.tell(ctx, k.intelligence.Events.Updated, thread)
	}
	return err
}

// remove deletes a thread. The platform wants to know its agent, which a DELETE without a
// body doesn't say.
func (k platformKeeper) remove(ex *exchange, key store.Key, agentID string) error {
	const what = "Failed to delete thread"
	ctx := ex.r.Context()
	if agentID == "" {
		thread, err := k.platform.Thread(ctx, key.Owner, key.ID)
		if err != nil {
			return platformFailure(what, err)
		}
		agentID = thread.AgentID
	}
	if err := k.platform.DeleteThread(ctx, key.Owner, agentID, key.ID); err != nil {
		return platformFailure(what, err)
	}
	if deleted := k.intelligence.Events.Deleted; deleted != nil {
		k.telling(ctx, func() { deleted(intelligence.DeletedThread{ThreadID: key.ID, User: key.Owner, AgentID: agentID}) })
	}
	return nil
}

// clear does nothing, as in the reference: the platform keeps threads to last.
func (k platformKeeper) clear(*exchange) error { return nil }

func (k platformKeeper) subscribe(ex *exchange) (any, error) {
	token, err := k.platform.SubscribeThreads(ex.r.Context(), ex.user.ID)
	if err != nil {
		return nil, platformFailure("Failed to subscribe to threads", err)
	}
	return token, nil
}

func (k platformKeeper) messages(ex *exchange, key store.Key) (any, error) {
	messages, err := k.platform.Messages(ex.r.Context(), key.Owner, key.ID)
	if err != nil {
		return nil, platformFailure("Failed to fetch thread messages", err)
	}
	return messages, nil
}

// events returns a thread's events. The platform doesn't ask whose it is.
func (k platformKeeper) events(ex *exchange, key store.Key) (any, error) {
	if _, err := k.thread(ex.r.Context(), key); err != nil {
		return nil, err
	}
	events, err := k.platform.Events(ex.r.Context(), key.ID)
	if err != nil {
		return nil, platformFailure("Failed to fetch thread events", err)
	}
	return events, nil
}

// state returns a thread's state. The platform doesn't ask whose it is.
func (k platformKeeper) state(ex *exchange, key store.Key) (any, error) {
	if _, err := k.thread(ex.r.Context(), key); err != nil {
		return nil, err
	}
	state, err := k.platform.State(ex.r.Context(), key.ID)
	if err != nil {
		return nil, platformFailure("Failed to fetch thread state", err)
	}
	return newStateJSON(state), nil
}

// told returns a function that tells of a thread, nil if nobody wants to be told.
func (k platformKeeper) told(ctx context.Context, listener func(intelligence.Thread)) func(intelligence.Thread) {
	if listener == nil {
		return nil
	}
	return func(thread intelligence.Thread) { k.tell(ctx, listener, thread) }
}

// tell tells a listener of a thread.
func (k platformKeeper) tell(ctx context.Context, listener func(intelligence.Thread), thread intelligence.Thread) {
	if listener != nil {
		k.telling(ctx, func() { listener(thread) })
	}
}

// telling calls a listener, whose panic fails nothing.
func (k platformKeeper) telling(ctx context.Context, call func()) {
	if err := recovering(func() error { call(); return nil }); err != nil {
		k.config.Logger.ErrorContext(ctx, "a listener of threads failed", "error", err)
	}
}

// container returns the learning container of the run's thread.
func (k platformKeeper) container(ex *exchange, request *runner.Request) (string, error) {
	choose := k.intelligence.Container
	if choose == nil {
		return "", nil
	}
	var container string
	err := recovering(func() (err error) {
		container, err = choose(ex.r.Context(), intelligence.ContainerRequest{User: ex.user, AgentID: request.AgentID, Input: request.Input})
		return err
	})
	if err == nil && container != "" {
		err = intelligence.CheckContainer(container)
	}
	if err != nil {
		k.config.Logger.ErrorContext(ex.r.Context(), "the learning container can't be chosen", "error", err)
		return "", &HTTPError{Status: http.StatusInternalServerError, Body: errorBody{Error: "Failed to resolve Learning Container"}, Err: err}
	}
	return container, nil
}
