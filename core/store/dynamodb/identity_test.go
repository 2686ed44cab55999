package dynamodb_test

import (
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/store/dynamodb"
)

// Not parallel: they are about the environment.
func TestWhatAnIdentityLacksIsSaid(t *testing.T) {
	for says, unset := range map[string]string{
		"no region: set region in the store's address, or AWS_REGION": "AWS_REGION",
		"no AWS credentials": "AWS_ACCESS_KEY_ID",
	} {
		t.Run(says, func(t *testing.T) {
			for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
				t.Setenv(name, t.TempDir()+"/none")
			}
			t.Setenv(unset, "")
			t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", server.URL)
			s, err := dynamodb.Open(t.Context(), "dynamodb://threads", dynamodb.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Thread(t.Context(), thread); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("got %v", err)
			}
		})
	}
}
