package responses_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
	"github.com/copilotkit-go/runtime/test/dialecttest"
)

func TestTheDialectKeepsItsPromises(t *testing.T) {
	for _, name := range []string{"openai-responses/gpt-5.1", "azure-responses/my-gpt-5"} {
		t.Run(name, func(t *testing.T) {
			modeltest.Run(t, modeltest.Dialect{
				New: func(t *testing.T, url, key string) model.Model {
					return newModel(t, model.Config{Model: name, BaseURL: url + "/v1", APIKey: key})
				},
				Serve: dialecttest.Responses,

				WithoutTemperature: true,

				ReasoningData: modeltest.Data{Value: `{"openai":{"encrypted":"gAAAA"}}`, Sent: `"encrypted_content":"gAAAA"`},
				TextData:      modeltest.Data{Value: `{"openai":{"phase":"commentary"}}`, Sent: `"phase":"commentary"`},
			})
		})
	}
}
