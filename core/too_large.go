package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
)

// maxHead is how much of a body that is too large is looked at to tell whose run it asks
// for. CopilotKit's and AG-UI's clients write the ids first.
const maxHead = 4 << 10

// explainTooLarge answers a run whose body is too large, if its client wants events and
// begins the body with the ids of the run. Other answers, and other errors, are left as
// they are.
//
// The answer is a message of the assistant's and RUN_ERROR: CopilotKit's chat shows
// nothing for a 413, and for RUN_ERROR alone, unless the page handles errors, while each
// later message of the conversation, which is sent with all before it, is refused too.
// Nothing is recorded.
func (ex *exchange) explainTooLarge(err error) error {
	var refused *HTTPError
	if !errors.As(err, &refused) || !wantsEvents(ex.r.Header) {
		return err
	}
	if body, ok := refused.Body.(errorBody); !ok || body.Code != codeTooLarge {
		return err // a hook's, perhaps
	}
	threadID, runID := headIDs(ex.readHead())
	if threadID == "" || runID == "" || max(len(threadID), len(runID)) > maxIDBytes {
		return err
	}
	if !ex.drainBody() {
		return err
	}
	stream, failed := ex.stream()
	if failed != nil {
		return failed
	}
	defer stream.close()
	ex.code = codeTooLarge // the status in the log says nothing of it
	messageID, text := runID+"-too-large", tooLargeText(ex.config.MaxBodyBytes)
	var events []agui.Encoded
	for _, event := range []agui.Event{
		agui.RunStartedEvent{ThreadID: threadID, RunID: runID},
		agui.TextMessageStartEvent{MessageID: messageID, Role: agui.RoleAssistant},
		agui.TextMessageContentEvent{MessageID: messageID, Delta: text},
		agui.TextMessageEndEvent{MessageID: messageID},
		agui.RunErrorEvent{Message: text, Code: codeTooLarge},
	} {
		encoded, err := agui.Encode(event)
		if err != nil {
			return err // unreachable: these are strings alone
		}
		events = append(events, encoded)
	}
	_ = stream.send(events) // a client that is gone doesn't matter any more
	return nil
}

// tooLargeText is what a person reads.
func tooLargeText(limit int64) string {
	size := fmt.Sprintf("%.3g MB", float64(limit)/1e6)
	if limit < 1e6 {
		size = fmt.Sprintf("%d bytes", limit)
	}
	return "This message was not sent: with all that the conversation has, files included, it is larger than the " +
		size + " that can be sent at once. Please start a new conversation, or attach smaller files."
}

// wantsEvents reports whether a client names Server-Sent Events as what it accepts.
func wantsEvents(header http.Header) bool {
	for _, accept := range header.Values("Accept") {
		for one := range strings.SplitSeq(accept, ",") {
			if mediaType, _, err := mime.ParseMediaType(one); err == nil && mediaType == "text/event-stream" {
				return true
			}
		}
	}
	return false
}

// readHead returns the beginning of a body that is too large. Clients that wait to be told
// to send it are not told so.
func (ex *exchange) readHead() []byte {
	if ex.head != nil || ex.r.Header.Get("Expect") != "" {
		return ex.head
	}
	ex.limitReading() // for the rest of the body, too
	head, _ := io.ReadAll(io.LimitReader(ex.r.Body, maxHead))
	return head
}

// headIDs returns the ids of the run that the beginning of a body asks for, "" where they
// come too late.
func headIDs(head []byte) (threadID, runID string) {
	decoder := json.NewDecoder(bytes.NewReader(head))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return "", ""
	}
	for threadID == "" || runID == "" {
		name, err := decoder.Token()
		if err != nil {
			break
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			break
		}
		switch name {
		case "threadId":
			_ = json.Unmarshal(value, &threadID) // what isn't a string is no id
		case "runId":
			_ = json.Unmarshal(value, &runID)
		}
	}
	return threadID, runID
}
