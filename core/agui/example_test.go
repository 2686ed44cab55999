package agui_test

import (
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

func ExampleReadEvents() {
	stream := "data: {\"type\":\"TEXT_MESSAGE_START\",\"messageId\":\"m1\",\"role\":\"assistant\"}\n\n" +
		": a comment\n\n" +
		"data: {\"type\":\"TEXT_MESSAGE_CONTENT\",\"messageId\":\"m1\",\"delta\":\"Hi\"}\n\n" +
		"data: {\"type\":\"STATE_DELTA\",\"delta\":[{\"op\":\"add\",\"path\":\"/seen\",\"value\":true}]}\n\n"

	for event, err := range agui.ReadEvents(strings.NewReader(stream), 0) {
		if err != nil {
			log.Fatal(err)
		}
		if text, ok := event.Text("delta"); ok {
			fmt.Println(string(text))
		} else {
			fmt.Println(event.EventType())
		}
	}
	// Output:
	// TEXT_MESSAGE_START
	// Hi
	// STATE_DELTA
}
