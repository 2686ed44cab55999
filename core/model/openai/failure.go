package openai

import (
	"errors"
	"fmt"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// failure converts the library's error for one that the provider reports.
func failure(err error) error {
	if answer := (*goopenai.APIError)(nil); errors.As(err, &answer) {
		converted := &transport.Failure{Status: answer.HTTPStatusCode, Message: answer.Message, Codes: []string{answer.Type}}
		if number, ok := answer.Code.(int); ok && converted.Status == 0 {
			converted.Status = number
		}
		if answer.Code != nil {
			converted.Codes = append(converted.Codes, fmt.Sprint(answer.Code))
		}
		return converted
	}
	if answer := (*goopenai.RequestError)(nil); errors.As(err, &answer) {
		// Google sends a list of errors, which the library doesn't parse.
		converted := transport.ParseFailure(answer.Body)
		converted.Status = answer.HTTPStatusCode
		return converted
	}
	return err
}
