package agui_test

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
)

func ExampleEncode() {
	encoded, err := agui.Encode(agui.TextMessageContentEvent{MessageID: "m1", Delta: "Hello"})
	if err != nil {
		log.Fatal(err)
	}
	// The frame is what goes to the client as it is.
	os.Stdout.Write(encoded.Frame())
	// Output:
	// data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"Hello"}
}

func ExampleUnmarshalRunAgentInput() {
	_, err := agui.UnmarshalRunAgentInput([]byte(`{
		"threadId": "t1", "runId": "r1", "tools": [], "context": [],
		"messages": [
			{"id": "1", "role": "user", "content": "Hi"},
			{"id": "2", "role": "assistant", "toolCalls": [{"id": "c1", "type": "function", "function": {"arguments": "{}"}}]}
		]
	}`))
	fmt.Println(err)
	// Output:
	// messages[1].toolCalls[0].function.name: required
}

func ExampleExpander() {
	var expander agui.Expander
	var events []agui.Event
	for _, event := range []agui.Event{
		agui.TextMessageChunkEvent{MessageID: "m1", Delta: "Hel"},
		agui.TextMessageChunkEvent{Delta: "lo"},
	} {
		var err error
		if events, err = expander.Expand(events, event); err != nil {
			log.Fatal(err)
		}
	}
	for _, event := range expander.Close(events) {
		fmt.Println(event.EventType())
	}
	// Output:
	// TEXT_MESSAGE_START
	// TEXT_MESSAGE_CONTENT
	// TEXT_MESSAGE_CONTENT
	// TEXT_MESSAGE_END
}

func ExampleProgress() {
	var progress agui.Progress
	for _, event := range []agui.Event{
		agui.RunStartedEvent{ThreadID: "t1", RunID: "r1"},
		agui.TextMessageStartEvent{MessageID: "m1"},
		agui.TextMessageContentEvent{MessageID: "m1", Delta: "Hel"},
	} {
		if err := progress.Observe(event); err != nil {
			log.Fatal(err)
		}
	}
	// The agent has gone silent here.
	for _, event := range progress.Finalize(agui.Ending{}) {
		encoded, err := agui.Encode(event)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", encoded.JSON())
	}
	// Output:
	// {"type":"TEXT_MESSAGE_END","messageId":"m1"}
	// {"type":"RUN_ERROR","message":"Run ended without emitting a terminal event","code":"INCOMPLETE_STREAM"}
}

func ExampleReadEvents() {
	stream := "data: {\"type\":\"TEXT_MESSAGE_START\",\"messageId\":\"m1\",\"role\":\"assistant\"}\n\n" +
		": a comment\n\n" +
		"data: {\"type\":\"TEXT_MESSAGE_CONTENT\",\"messageId\":\"m1\",\"delta\":\"Hi\"}\n\n" +
		"data: {\"type\":\"STATE_DELTA\",\"delta\":[{\"op\":\"add\",\"path\":\"/seen\",\"value\":true}]}\n\n"

	transcript := agui.NewTranscript(nil, json.RawMessage(`{}`))
	for event, err := range agui.ReadEvents(strings.NewReader(stream), 0) {
		if err != nil {
			log.Fatal(err)
		}
		if err := transcript.Apply(event); err != nil {
			log.Fatal(err)
		}
	}
	for _, message := range transcript.Messages() {
		fmt.Println(message.Role, message.Content.Text())
	}
	fmt.Printf("%s\n", transcript.State())
	// Output:
	// assistant Hi
	// {"seen":true}
}

func ExampleJoinDeltas() {
	var events []agui.Encoded
	for _, delta := range []string{"one ", "two ", "three"} {
		encoded, err := agui.Encode(agui.TextMessageContentEvent{MessageID: "m1", Delta: delta})
		if err != nil {
			log.Fatal(err)
		}
		events = append(events, encoded)
	}
	joined, err := agui.JoinDeltas(events)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %v\n", joined[0].Event.JSON(), joined[0].Cuts)

	// A reader who has had the first event gets the rest.
	rest, err := agui.SkipDelta(joined[0].Event, joined[0].Cuts[0])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", rest.JSON())
	// Output:
	// {"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"one two three"} [4 4]
	// {"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"two three"}
}
