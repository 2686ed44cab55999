package blocks

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// Ask converts the conversation of a request, has post send it, and returns the body of
// the answer. If the provider doesn't accept the signature of a thought, such as one of
// another account, it sends the conversation without thoughts, since the thread could
// never go on otherwise.
func Ask(request *model.Request, provider string, post func(*Conversation) (io.ReadCloser, error)) (io.ReadCloser, error) {
	conversation, err := Convert(request, provider)
	if err != nil {
		return nil, err
	}
	reasons := conversation.HasReasoning()
	body, err := post(conversation)
	if !reasons || !refusesReasoning(err) {
		return body, err
	}
	// It may have been changed to be sent.
	if conversation, err = Convert(request, provider); err != nil {
		return nil, err
	}
	conversation.DropReasoning()
	return post(conversation)
}

// refusesReasoning reports whether a provider has refused a request because of the
// reasoning in it: its signature, its place, or its model.
func refusesReasoning(err error) bool {
	failure := (*transport.Failure)(nil)
	if !errors.As(err, &failure) || failure.Status != http.StatusBadRequest {
		return false
	}
	text := strings.ToLower(failure.Message)
	return strings.Contains(text, "thinking") && (strings.Contains(text, "signature") || strings.Contains(text, "block")) || strings.Contains(text, "reasoningcontent")
}
