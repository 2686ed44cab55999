package dialecttest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

// Bedrock writes an answer as Amazon Bedrock's ConverseStream has it.
func Bedrock(w http.ResponseWriter, _ *http.Request, answer modeltest.Answer) {
	if answer.Status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-Errortype", "SomeException:http://internal.amazon.com/coral/")
		w.WriteHeader(answer.Status)
		json.NewEncoder(w).Encode(map[string]string{"message": answer.Message})
		return
	}
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	s := bedrockStream{w: w, calls: make(map[int]int)}
	s.write("messageStart", map[string]any{"role": "assistant"})
	for _, delta := range answer.Deltas {
		s.delta(delta)
	}
	switch answer.End {
	case modeltest.EndError:
		s.frame("exception", ":exception-type", "serviceUnavailableException", map[string]any{"message": answer.Message})
	case modeltest.EndComplete:
		usage := map[string]any{"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
		if s.usage != nil {
			usage = map[string]any{"inputTokens": s.usage.InputTokens, "outputTokens": s.usage.OutputTokens}
		}
		s.write("metadata", map[string]any{"usage": usage, "metrics": map[string]any{"latencyMs": 7}})
	}
}

// BedrockFrame returns a frame of an event stream with text as its headers.
func BedrockFrame(headers [][2]string, payload []byte) []byte {
	var encoded []byte
	for _, header := range headers {
		encoded = append(encoded, byte(len(header[0])))
		encoded = append(append(encoded, header[0]...), 7)
		encoded = append(binary.BigEndian.AppendUint16(encoded, uint16(len(header[1]))), header[1]...)
	}
	frame := binary.BigEndian.AppendUint32(nil, uint32(16+len(encoded)+len(payload)))
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(encoded)))
	frame = binary.BigEndian.AppendUint32(frame, crc32.ChecksumIEEE(frame))
	frame = append(append(frame, encoded...), payload...)
	return binary.BigEndian.AppendUint32(frame, crc32.ChecksumIEEE(frame))
}

// BedrockEvent returns the frame of an event.
func BedrockEvent(kind, payload string) []byte {
	return BedrockFrame([][2]string{{":event-type", kind}, {":content-type", "application/json"}, {":message-type", "event"}}, []byte(payload))
}

// bedrockStream writes the events of an answer.
type bedrockStream struct {
	w http.ResponseWriter
	// next is the index of the next block, open the kind of the last one while it is
	// open and no call.
	next int
	open string
	// calls are the indexes of the blocks of calls, which stay open to the end.
	calls map[int]int
	usage *model.Usage
}

func (s *bedrockStream) frame(messageType, header, name string, payload map[string]any) {
	encoded, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	s.w.Write(BedrockFrame([][2]string{{header, name}, {":content-type", "application/json"}, {":message-type", messageType}}, encoded))
	http.NewResponseController(s.w).Flush()
}

func (s *bedrockStream) write(kind string, payload map[string]any) {
	payload["p"] = "abcdefgh"[:len(fmt.Sprint(payload))%8]
	s.frame("event", ":event-type", kind, payload)
}

func (s *bedrockStream) block(kind string) {
	if s.open == kind {
		return
	}
	s.close()
	s.open = kind
	s.next++
}

func (s *bedrockStream) close() {
	if s.open != "" {
		s.write("contentBlockStop", map[string]any{"contentBlockIndex": s.next - 1})
		s.open = ""
	}
}

func (s *bedrockStream) piece(index int, delta map[string]any) {
	s.write("contentBlockDelta", map[string]any{"contentBlockIndex": index, "delta": delta})
}

func (s *bedrockStream) delta(delta model.Delta) {
	switch delta.Kind {
	case model.KindText:
		s.block("text")
		s.piece(s.next-1, map[string]any{"text": delta.Text})
	case model.KindReasoning:
		s.block("reasoning")
		s.piece(s.next-1, map[string]any{"reasoningContent": map[string]any{"text": delta.Text}})
	case model.KindReasoningData:
		var data struct {
			Bedrock struct{ Signature, Redacted string }
		}
		if err := json.Unmarshal([]byte(delta.Text), &data); err != nil {
			panic(err)
		}
		s.block("reasoning")
		content := map[string]any{"signature": data.Bedrock.Signature}
		if data.Bedrock.Redacted != "" {
			content = map[string]any{"redactedContent": data.Bedrock.Redacted}
		}
		s.piece(s.next-1, map[string]any{"reasoningContent": content})
		s.close()
	case model.KindToolCall:
		s.close()
		s.calls[delta.Call] = s.next
		s.write("contentBlockStart", map[string]any{"contentBlockIndex": s.next, "start": map[string]any{"toolUse": map[string]any{"toolUseId": delta.ID, "name": delta.Name}}})
		s.next++
	case model.KindArguments:
		s.piece(s.calls[delta.Call], map[string]any{"toolUse": map[string]any{"input": delta.Text}})
	case model.KindFinish:
		s.close()
		for call := range len(s.calls) {
			s.write("contentBlockStop", map[string]any{"contentBlockIndex": s.calls[call]})
		}
		reason := map[model.FinishReason]string{
			model.FinishStop: "end_turn", model.FinishLength: "max_tokens", model.FinishToolCalls: "tool_use", model.FinishContentFilter: "guardrail_intervened",
		}[delta.Finish.Reason]
		s.write("messageStop", map[string]any{"stopReason": reason})
		s.usage = delta.Finish.Usage
	}
}
