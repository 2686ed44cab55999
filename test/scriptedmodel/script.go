package scriptedmodel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Script holds the answers of a model.
type Script struct {
	// Answers with a Match are chosen by it. The others are sent in order, one per
	// request; the last one is repeated.
	Answers []Answer `json:"answers"`
	// Transcription is the text of every recording.
	Transcription string `json:"transcription,omitempty"`
}

// Answer is an answer. It is streamed: Text word by word, then Deltas, then Chunks.
type Answer struct {
	// Match chooses this answer if the request's last message contains it.
	Match string `json:"match,omitempty"`

	// Status, if neither 0 nor 200, makes the answer an error with Body.
	Status int               `json:"status,omitempty"`
	Header map[string]string `json:"header,omitempty"`
	Body   json.RawMessage   `json:"body,omitempty"`

	// Text is sent as one delta of content per word. Repeat is how often it is sent.
	Text   string `json:"text,omitempty"`
	Repeat int    `json:"repeat,omitempty"`
	// Deltas are each sent as the delta of a chunk.
	Deltas []json.RawMessage `json:"deltas,omitempty"`
	// Chunks are sent as they are, after "data: ".
	Chunks []json.RawMessage `json:"chunks,omitempty"`
	// Lines are sent as they are, before everything else.
	Lines []string `json:"lines,omitempty"`
	// FinishReason, if empty, defaults to "stop", and to "tool_calls" after such deltas.
	FinishReason string `json:"finishReason,omitempty"`
	// Usage is sent in a separate chunk at the end.
	Usage json.RawMessage `json:"usage,omitempty"`

	// PaceMs is the time between two chunks in milliseconds.
	PaceMs int `json:"paceMs,omitempty"`
	// Break breaks the answer off before its end. Hang leaves it open until the client
	// disconnects.
	Break bool `json:"break,omitempty"`
	Hang  bool `json:"hang,omitempty"`
}

// ToolCall returns the deltas of a tool call, with its arguments in pieces.
func ToolCall(index int, id, name string, arguments ...string) []json.RawMessage {
	deltas := []json.RawMessage{encode(map[string]any{"tool_calls": []any{map[string]any{
		"index": index, "id": id, "type": "function", "function": map[string]any{"name": name, "arguments": ""},
	}}})}
	for _, piece := range arguments {
		deltas = append(deltas, encode(map[string]any{"tool_calls": []any{map[string]any{
			"index": index, "function": map[string]any{"arguments": piece},
		}}}))
	}
	return deltas
}

// Reasoning returns deltas of reasoning in DeepSeek's form.
func Reasoning(pieces ...string) []json.RawMessage {
	var deltas []json.RawMessage
	for _, piece := range pieces {
		deltas = append(deltas, encode(map[string]string{"reasoning_content": piece}))
	}
	return deltas
}

// serve writes the answer, and reports whether the client stayed to the end.
func (a *Answer) serve(w http.ResponseWriter, r *http.Request) bool {
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	if a.Status != 0 && a.Status != http.StatusOK {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(a.Status)
		w.Write(a.Body)
		return true
	}
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	write := func(lines string) bool {
		if a.PaceMs > 0 {
			timer := time.NewTimer(time.Duration(a.PaceMs) * time.Millisecond)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-r.Context().Done():
			}
		}
		if _, err := w.Write([]byte(lines)); err != nil || r.Context().Err() != nil {
			return false
		}
		return control.Flush() == nil
	}
	for _, lines := range a.Lines {
		if !write(lines) {
			return false
		}
	}
	for _, chunk := range a.chunks() {
		if !write("data: " + oneLine(chunk) + "\n\n") {
			return false
		}
	}
	if a.Hang {
		control.Flush()
		<-r.Context().Done()
		return false
	}
	if a.Break {
		return true
	}
	return write("data: [DONE]\n\n")
}

// oneLine removes the line breaks that make a script readable.
func oneLine(value json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return string(value) // not JSON, on purpose
	}
	return b.String()
}

// chunks returns the chunks of the answer, including the last one.
func (a *Answer) chunks() []json.RawMessage {
	var chunks []json.RawMessage
	for range max(a.Repeat, 1) {
		for _, word := range strings.SplitAfter(a.Text, " ") {
			if word != "" {
				chunks = append(chunks, chunk(encode(map[string]string{"content": word}), ""))
			}
		}
	}
	finish := "stop"
	for _, delta := range a.Deltas {
		chunks = append(chunks, chunk(delta, ""))
		if strings.Contains(string(delta), `"tool_calls"`) {
			finish = "tool_calls"
		}
	}
	chunks = append(chunks, a.Chunks...)
	if a.Hang || a.Break {
		return chunks
	}
	if a.FinishReason != "" {
		finish = a.FinishReason
	}
	chunks = append(chunks, chunk(json.RawMessage("{}"), finish))
	if a.Usage != nil {
		chunks = append(chunks, json.RawMessage(fmt.Sprintf(`{"id":"scripted","object":"chat.completion.chunk","created":0,"model":"scripted","choices":[],"usage":%s}`, a.Usage)))
	}
	return chunks
}

func chunk(delta json.RawMessage, finish string) json.RawMessage {
	reason := "null"
	if finish != "" {
		reason = `"` + finish + `"`
	}
	return json.RawMessage(fmt.Sprintf(
		`{"id":"scripted","object":"chat.completion.chunk","created":0,"model":"scripted","choices":[{"index":0,"delta":%s,"finish_reason":%s}]}`, delta, reason))
}

func encode(value any) json.RawMessage {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err) // maps of strings and numbers always marshal
	}
	return encoded
}
