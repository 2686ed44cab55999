package openai_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
	"github.com/copilotkit-go/runtime/test/dialecttest"
)

func TestTheDialectKeepsItsPromises(t *testing.T) {
	modeltest.Run(t, modeltest.Dialect{
		New: func(t *testing.T, url, key string) model.Model {
			return newModel(t, model.Config{Model: "openai/gpt-4o", BaseURL: url + "/v1", APIKey: key})
		},
		Serve: dialecttest.ChatCompletions,
		ToolCallData: modeltest.Data{
			Value: `{"google":{"thought_signature":"c2ln"}}`,
			Sent:  `"extra_content":{"google":{"thought_signature":"c2ln"}}`,
		},
	})
}
