package anthropic_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
	"github.com/copilotkit-go/runtime/test/dialecttest"
)

func TestTheDialectKeepsItsPromises(t *testing.T) {
	modeltest.Run(t, modeltest.Dialect{
		New: func(t *testing.T, url, key string) model.Model {
			return newModel(t, model.Config{Model: "anthropic/claude-sonnet-4-5", BaseURL: url, APIKey: key})
		},
		Serve: dialecttest.Anthropic,
		ReasoningData: modeltest.Data{
			Value: `{"anthropic":{"signature":"c2ln"}}`,
			Sent:  `{"type":"thinking","thinking":"Let me see.","signature":"c2ln"}`,
		},
	})
}
