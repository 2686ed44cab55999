package gemini_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
	"github.com/copilotkit-go/runtime/test/dialecttest"
)

func TestTheDialectKeepsItsPromises(t *testing.T) {
	signed := modeltest.Data{Value: `{"google":{"thought_signature":"c2ln"}}`, Sent: `"thoughtSignature":"c2ln"`}
	modeltest.Run(t, modeltest.Dialect{
		New: func(t *testing.T, url, key string) model.Model {
			return newModel(t, model.Config{Model: "google/gemini-3-flash", BaseURL: url, APIKey: key})
		},
		Serve:         dialecttest.Gemini,
		ToolCallData:  signed,
		ReasoningData: signed,
		TextData:      signed,
	})
}
