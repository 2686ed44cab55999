package protocol_test

import (
	"fmt"
	"log"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/protocol"
)

func ExampleExpander() {
	var expander protocol.Expander
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
	var progress protocol.Progress
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
	for _, event := range progress.Finalize(protocol.Ending{}) {
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
