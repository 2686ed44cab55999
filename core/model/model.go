// Package model says what answers one step of an agent's loop: a language model
// behind some provider's protocol. The loop knows no provider, and a dialect (a
// package below this one, such as openai) knows no loop.
//
// A dialect turns a [Request] into its provider's own and the provider's stream
// into [Delta] values. What it is given and what it has to yield are in the
// neutral types here; package modeltest holds the promises that it has to keep.
//
//	for delta, err := range m.Stream(ctx, request) {
//		if err != nil {
//			return err
//		}
//		switch delta.Kind {
//		case model.KindText:
//			fmt.Print(delta.Text)
//		case model.KindFinish:
//			log.Print(delta.Finish.Reason)
//		}
//	}
package model

import (
	"context"
	"iter"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Model answers one step. It is safe for concurrent use.
type Model interface {
	// Stream asks the model once and yields its answer as it comes in. The last
	// delta of a complete answer, and only that one, is of [KindFinish]. An error
	// is the last thing yielded, and there is none after KindFinish; one that a
	// client may be told of is an [*Error].
	//
	// The sequence can be ranged over once. It ends, and lets go of the
	// connection to the provider, when ctx ends or the loop over it does. The
	// request must not be changed, nor kept beyond the iteration.
	Stream(ctx context.Context, request *Request) iter.Seq2[Delta, error]
}

// Func is a Model that is a function.
type Func func(ctx context.Context, request *Request) iter.Seq2[Delta, error]

// Stream calls f.
func (f Func) Stream(ctx context.Context, request *Request) iter.Seq2[Delta, error] {
	return f(ctx, request)
}

// Request is what a model is asked in one step.
type Request struct {
	// System holds the instructions that precede the conversation, in order.
	// Nil means none.
	System []string
	// Messages is the conversation, ready to be converted one by one:
	//
	//   - Roles are user, assistant, tool and reasoning, and system and developer
	//     where the deployer lets a thread's own through.
	//   - The calls of an assistant message are followed by their results, each
	//     once, in the order of the calls. Their arguments are JSON objects.
	//   - Reasoning precedes the message that it led to.
	//   - EncryptedValue, of a reasoning or assistant message or of a tool call, is
	//     the data that a delta brought (see [KindReasoningData]), in this run or
	//     an earlier one. It went through the client and may be of another
	//     provider: a dialect passes over what it doesn't recognize.
	Messages []agui.Message
	// History is how many of Messages there were when the run began. The others
	// are from its earlier steps.
	History int
	// Tools are what the model may call. Nil means nothing.
	Tools []Tool
	// Settings are the model's parameters. The zero value leaves all to the
	// provider.
	Settings Settings
}

// Kind says what a [Delta] is, and so which of its fields count.
type Kind uint8

const (
	// KindText continues the answer's text with Text.
	KindText Kind = iota + 1
	// KindReasoning continues the open reasoning with Text, or begins one.
	KindReasoning
	// KindToolCall begins the call numbered Call of the tool Name. ID is the
	// provider's id for it, empty where it has none. Calls are numbered from 0
	// in the order in which they begin.
	KindToolCall
	// KindArguments continues the arguments of the call numbered Call with Text.
	// The pieces of several calls may come in turns. A call without any has an
	// empty object.
	KindArguments

	// The kinds below carry in Text what the provider wants back, unchanged, in
	// the next step and in later runs: signatures, encrypted reasoning. It is
	// opaque to everybody else and travels through the client, as the
	// EncryptedValue of a message or call.

	// KindReasoningData ends the open reasoning, or one that has no text, and is
	// its data.
	KindReasoningData
	// KindTextData is the data of the answer's text.
	KindTextData
	// KindToolCallData is the data of the call numbered Call.
	KindToolCallData

	// KindFinish ends a complete answer with Finish.
	KindFinish
)

// Delta is a piece of an answer. Text is valid UTF-8 and not empty: a character
// is never cut in two.
type Delta struct {
	Kind     Kind
	Call     int
	Text     string
	ID, Name string
	Finish   *Finish
}

// Finish says how an answer ended.
type Finish struct {
	Reason FinishReason
	// Model is what has answered, which may be a more exact name than the one
	// that was asked for. Empty where it isn't known.
	Model Name
	// Usage counts the answer's tokens, nil where the provider doesn't.
	Usage *Usage
}

// FinishReason is why a model ended its answer, in the words of the reference
// runtime.
type FinishReason string

// The reasons that a front end knows.
const (
	FinishStop          FinishReason = "stop"
	FinishLength        FinishReason = "length"
	FinishToolCalls     FinishReason = "tool-calls"
	FinishContentFilter FinishReason = "content-filter"
	// FinishOther is for all else, and for an answer that ended in good order
	// without a reason.
	FinishOther FinishReason = "other"
)

// Usage counts the tokens of an answer. Nil counts are unknown; none is negative.
type Usage struct {
	InputTokens           *int64
	OutputTokens          *int64
	TotalTokens           *int64
	ReasoningTokens       *int64
	CachedInputTokens     *int64
	CacheWriteInputTokens *int64
}
