// Package model defines what answers one step of an agent's loop: a language model
// behind some provider's protocol. The loop knows no provider, and a dialect (a
// package below this one, such as openai) knows no loop.
//
// A dialect converts a [Request] to a request of its provider, and the stream that
// the provider answers with to [Delta] values. Package modeltest tests that a
// dialect keeps the promises that are made here.
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

// Model answers one step. It must be safe for concurrent use.
type Model interface {
	// Stream asks the model once and yields its answer as it arrives. The last
	// delta of a complete answer, and no other, is of [KindFinish]. If the answer
	// can't be completed, the last thing yielded is an error instead; it is an
	// [*Error] if it is safe to show to the client.
	//
	// The sequence can be ranged over once. When ctx ends, or the loop over the
	// sequence does, it closes the connection to the provider. The request must not
	// be modified, nor retained after the iteration.
	Stream(ctx context.Context, request *Request) iter.Seq2[Delta, error]
}

// Func is a Model that is a function.
type Func func(ctx context.Context, request *Request) iter.Seq2[Delta, error]

// Stream calls f.
func (f Func) Stream(ctx context.Context, request *Request) iter.Seq2[Delta, error] {
	return f(ctx, request)
}

// Request is the request of one step.
type Request struct {
	// System holds the instructions that precede the conversation, in order. If nil,
	// there are none.
	System []string
	// Messages is the conversation. The messages can be converted one by one:
	//
	//   - Roles are user, assistant, tool and reasoning, and system and developer if
	//     the deployer forwards those.
	//   - The calls of an assistant message are followed by their results, each
	//     once, in the order of the calls. Their arguments are JSON objects.
	//   - Reasoning precedes the message that it led to.
	//   - EncryptedValue, of a reasoning or assistant message or a tool call, is the
	//     data of a delta (see [KindReasoningData]) from this run or an earlier
	//     one. It has been through the client and may come from another provider:
	//     a dialect must ignore what it doesn't recognize.
	Messages []agui.Message
	// History is how many of Messages there were when the run began. The others
	// are from earlier steps of the run.
	History int
	// Tools are the tools that the model can call. If nil, there are none.
	Tools []Tool
	// Settings are the model's parameters. The zero value leaves them to the
	// provider.
	Settings Settings
}

// Kind is the kind of a [Delta]. It determines which fields are set.
type Kind uint8

// The kinds of deltas.

const (
	// KindText continues the answer's text with Text.
	KindText Kind = iota + 1
	// KindReasoning continues the reasoning with Text, or begins it.
	KindReasoning
	// KindToolCall begins the call numbered Call of the tool Name. ID is the
	// provider's id of the call, empty if it has none. Calls are numbered from 0 in
	// the order in which they begin.
	KindToolCall
	// KindArguments continues the arguments of the call numbered Call with Text.
	// Those of several calls may be interleaved. A call without any has an empty
	// object as its arguments.
	KindArguments

	// KindReasoningData ends the reasoning, which may have no text, and has its data
	// in Text. Data is what the provider wants back unchanged in the next step and
	// in later runs: a signature, or encrypted reasoning. It is opaque to everybody
	// else and goes through the client, as the EncryptedValue of a message or call.
	KindReasoningData
	// KindTextData has the data of the answer's text in Text.
	KindTextData
	// KindToolCallData has the data of the call numbered Call in Text.
	KindToolCallData

	// KindFinish completes the answer with Finish.
	KindFinish
)

// Delta is a piece of an answer. Text is not empty and valid UTF-8: characters
// aren't split between deltas.
type Delta struct {
	Kind     Kind
	Call     int
	Text     string
	ID, Name string
	Finish   *Finish
}

// Finish describes the end of a complete answer.
type Finish struct {
	Reason FinishReason
	// Model is the model that has answered, by the name that the provider reports.
	// It is empty if the provider reports none.
	Model Name
	// Usage counts the tokens of the answer. It is nil if the provider doesn't.
	Usage *Usage
}

// FinishReason is the reason why a model ended its answer, in the words of the
// reference runtime.
type FinishReason string

// The reasons that front ends know.
const (
	FinishStop          FinishReason = "stop"
	FinishLength        FinishReason = "length"
	FinishToolCalls     FinishReason = "tool-calls"
	FinishContentFilter FinishReason = "content-filter"
	// FinishOther is any other reason, or none.
	FinishOther FinishReason = "other"
)

// Usage counts the tokens of an answer. Counts are nil if they are unknown, and
// never negative.
type Usage struct {
	InputTokens           *int64
	OutputTokens          *int64
	TotalTokens           *int64
	ReasoningTokens       *int64
	CachedInputTokens     *int64
	CacheWriteInputTokens *int64
}
