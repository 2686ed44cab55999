package bedrock_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
	"github.com/copilotkit-go/runtime/test/dialecttest"
)

func TestTheDialectKeepsItsPromises(t *testing.T) {
	modeltest.Run(t, modeltest.Dialect{
		New: func(t *testing.T, url, key string) model.Model {
			return newModel(t, model.Config{Model: "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", BaseURL: url, APIKey: key})
		},
		Serve: dialecttest.Bedrock,
		ReasoningData: modeltest.Data{
			Value: `{"bedrock":{"signature":"c2ln"}}`,
			Sent:  `{"reasoningContent":{"reasoningText":{"text":"Let me see.","signature":"c2ln"}}}`,
		},
	})
}
