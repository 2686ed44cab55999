package core

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
)

// titleTimeout is how long a name may take, where the platform leaves so much. It
// is made beside the run, so that it seldom holds the run's stream open.
const titleTimeout = 15 * time.Second

// nameThread begins to name a thread, beside its first run, and returns a function
// that waits until that is done. As a run, it goes on without its client, but
// not beyond the deadline of ctx.
//
// What that spends is charged with the run's; a name is no run of its own.
func (rt *Runtime) nameThread(ctx context.Context, request runner.Request, charge *charge) (wait func()) {
	limit := time.Now().Add(titleTimeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(limit) {
		limit = deadline
	}
	ctx, end := rt.untilClosed(context.WithoutCancel(ctx))
	ctx, cancel := context.WithDeadline(ctx, limit)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := recovering(func() error { return rt.makeName(ctx, request, charge) }); err != nil {
			rt.config.Logger.WarnContext(ctx, "a thread could not be named", "agent", request.AgentID,
				"thread", request.Key.ID, "error", err)
		}
	}()
	return func() {
		<-done
		cancel()
		end()
	}
}

// makeName asks the agent for a title, by a run without a thread, and stores it.
func (rt *Runtime) makeName(ctx context.Context, request runner.Request, charge *charge) error {
	transcript := titleTranscript(request.Input.Messages)
	if transcript == "" {
		return nil
	}
	request.Observe, request.Ended, request.Kind = nil, nil, "name"
	request.Input = &agui.RunAgentInput{
		ThreadID: rand.Text(),
		RunID:    rand.Text(),
		State:    json.RawMessage("{}"),
		Messages: []agui.Message{
			{ID: rand.Text(), Role: agui.RoleSystem, Content: agui.TextContent(titlePrompt)},
			{ID: rand.Text(), Role: agui.RoleUser, Content: agui.TextContent(transcript)},
		},
		ForwardedProps: json.RawMessage("{}"),
	}
	ctx, request.Spent = charge.start(ctx, request.Input.Messages)
	defer charge.add(request.Spent)
	var answer replay
	err := rt.runner.Suggest(ctx, request, runner.Each(func(event agui.Encoded) error {
		answer.observe(event)
		return nil
	}))
	if err != nil {
		return err
	}
	var shown Answer
	answer.fill(&shown)
	for _, message := range shown.Messages {
		if title := cleanTitle(message.Content.Text()); title != "" && message.Role == agui.RoleAssistant {
			return rt.keeper.rename(ctx, request.Key, request.AgentID, title)
		}
	}
	return errors.New("the agent gave no title")
}

const titlePrompt = `Name the conversation that the user shows you: two to five words, in its language, ` +
	`in sentence case. Answer with the name alone, without quotes, formatting, emoji or a full stop. ` +
	`Do not answer the conversation and do not call tools.`

// titleTranscript returns what a title is made from: the beginnings of the last
// few messages.
func titleTranscript(messages []agui.Message) string {
	const mostMessages, mostBytes = 8, 2000
	var lines []string
	for _, message := range messages {
		text := strings.TrimSpace(message.Content.Text())
		switch message.Role {
		case agui.RoleUser, agui.RoleAssistant:
			if text != "" {
				text = strings.ToValidUTF8(text[:min(len(text), mostBytes)], "")
				lines = append(lines, string(message.Role)+": "+text)
			}
		}
	}
	return strings.Join(lines[max(0, len(lines)-mostMessages):], "\n")
}

// cleanTitle returns a title without what models put around it, "" when there is
// none.
func cleanTitle(text string) string {
	var object struct{ Title string }
	if json.Unmarshal([]byte(text), &object) == nil {
		text = object.Title
	}
	text = strings.Map(func(c rune) rune {
		if strings.ContainsRune("*_#[]()~>|`\"", c) {
			return -1
		}
		return c
	}, text)
	words := strings.Fields(text)
	const mostWords, mostRunes = 8, 80
	title := strings.TrimRight(strings.Join(words, " "), ".!?,;:")
	if len(words) > mostWords || utf8.RuneCountInString(title) > mostRunes {
		return ""
	}
	return title
}
