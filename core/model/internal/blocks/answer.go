package blocks

import (
	"fmt"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/jsontext"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// Answer makes deltas of the content blocks of one answer, as they come. Blocks are
// distinguished by their indexes. Pieces of text are JSON strings, undecoded, since
// they may end in half a character; values of other types are ignored.
type Answer struct {
	// Send yields the deltas.
	Send transport.Send
	// Provider is the name that the data of reasoning is sealed with.
	Provider string

	// kind and index are those of the open block of text or reasoning. kind is 0 if
	// none is open.
	kind  model.Kind
	index int
	text  jsontext.Decoder
	// signature, redacted and after are the data of the open block of reasoning.
	signature, redacted []byte
	after               int

	texts bool // there has been text
	begun int  // how many calls have begun
	calls map[int]*call
}

// call is a tool call that may go on.
type call struct {
	number    int
	arguments jsontext.Decoder
}

// Text continues a block of text.
func (a *Answer) Text(index int, literal []byte) error {
	return a.add(model.KindText, index, literal)
}

// Reasoning continues a block of reasoning.
func (a *Answer) Reasoning(index int, literal []byte) error {
	return a.add(model.KindReasoning, index, literal)
}

func (a *Answer) add(kind model.Kind, index int, literal []byte) error {
	if len(literal) <= 2 || literal[0] != '"' {
		return nil
	}
	if err := a.open(kind, index); err != nil {
		return err
	}
	text, err := a.text.Decode(literal)
	if err != nil || text == "" {
		return err
	}
	a.texts = a.texts || kind == model.KindText
	return a.Send(model.Delta{Kind: kind, Text: text})
}

// Data adds to the data of a block of reasoning.
func (a *Answer) Data(index int, more Data) error {
	if more == (Data{}) {
		return nil
	}
	if err := a.open(model.KindReasoning, index); err != nil {
		return err
	}
	a.signature = append(a.signature, more.Signature...)
	a.redacted = append(a.redacted, more.Redacted...)
	if len(a.signature)+len(a.redacted) > maxData {
		return model.NewError(model.CodeAnswerTooLarge, fmt.Errorf("a reasoning block has more than %d bytes of data", maxData))
	}
	return nil
}

// open opens a block, and ends the one that is open if that is another.
func (a *Answer) open(kind model.Kind, index int) error {
	if a.kind == kind && a.index == index {
		return nil
	}
	if err := a.close(); err != nil {
		return err
	}
	a.kind, a.index = kind, index
	if kind == model.KindReasoning {
		a.after = a.begun
		if a.texts {
			a.after++
		}
	}
	return nil
}

// close ends the open block of text or reasoning.
func (a *Answer) close() error {
	kind, rest := a.kind, a.text.Rest()
	data := Data{Signature: string(a.signature), Redacted: string(a.redacted), After: a.after}
	a.kind, a.signature, a.redacted, a.after = 0, a.signature[:0], a.redacted[:0], 0
	if rest != "" {
		if err := a.Send(model.Delta{Kind: kind, Text: rest}); err != nil {
			return err
		}
	}
	if kind == model.KindReasoning && (data.Signature != "" || data.Redacted != "") {
		return a.Send(model.Delta{Kind: model.KindReasoningData, Text: data.Seal(a.Provider)})
	}
	return nil
}

// Call begins a block that is a tool call.
func (a *Answer) Call(index int, id, name string) error {
	if name == "" {
		return transport.ErrNamelessCall
	}
	if err := a.close(); err != nil {
		return err
	}
	if err := a.Stop(index); err != nil {
		return err
	}
	if a.calls == nil {
		a.calls = make(map[int]*call)
	}
	c := &call{number: a.begun}
	a.calls[index] = c
	a.begun++
	return a.Send(model.Delta{Kind: model.KindToolCall, Call: c.number, ID: id, Name: name})
}

// Arguments continues the arguments of a call. Those of a block that isn't a call are
// ignored.
func (a *Answer) Arguments(index int, literal []byte) error {
	c := a.calls[index]
	if c == nil || len(literal) <= 2 || literal[0] != '"' {
		return nil
	}
	text, err := c.arguments.Decode(literal)
	if err != nil || text == "" {
		return err
	}
	return a.Send(model.Delta{Kind: model.KindArguments, Call: c.number, Text: text})
}

// Stop ends a block.
func (a *Answer) Stop(index int) error {
	if a.kind != 0 && a.index == index {
		if err := a.close(); err != nil {
			return err
		}
	}
	c := a.calls[index]
	if c == nil {
		return nil
	}
	delete(a.calls, index)
	if rest := c.arguments.Rest(); rest != "" {
		return a.Send(model.Delta{Kind: model.KindArguments, Call: c.number, Text: rest})
	}
	return nil
}

// Finish ends all blocks, and the answer.
func (a *Answer) Finish(finish *model.Finish) error {
	if err := a.close(); err != nil {
		return err
	}
	for index := range a.calls {
		if err := a.Stop(index); err != nil {
			return err
		}
	}
	return a.Send(model.Delta{Kind: model.KindFinish, Finish: finish})
}
