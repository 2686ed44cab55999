package agent_test

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
)

func TestMergeHeaders(t *testing.T) {
	for _, test := range []struct {
		name                  string
		configured, forwarded http.Header
		want                  http.Header
	}{
		{"nothing", nil, nil, http.Header{}},
		{"what the server left open is forwarded",
			http.Header{"Authorization": {"server"}}, http.Header{"X-Tenant": {"a", "b"}},
			http.Header{"Authorization": {"server"}, "X-Tenant": {"a", "b"}}},
		{"what the server set wins",
			http.Header{"Authorization": {"server"}}, http.Header{"Authorization": {"browser"}},
			http.Header{"Authorization": {"server"}}},
		{"whatever its case",
			http.Header{"authorization": {"server"}}, http.Header{"AUTHORIZATION": {"browser"}},
			http.Header{"Authorization": {"server"}}},
		{"two spellings by the server become the canonical one",
			http.Header{"x-key": {"small"}, "X-Key": {"canonical"}}, nil,
			http.Header{"X-Key": {"canonical"}}},
		{"a header that the server set to nothing stays so",
			http.Header{"X-Key": {}}, http.Header{"X-Key": {"browser"}},
			http.Header{"X-Key": {}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for range 20 { // maps have no order
				if got := agent.MergeHeaders(test.configured, test.forwarded); !reflect.DeepEqual(got, test.want) {
					t.Fatalf("got %v, want %v", got, test.want)
				}
			}
		})
	}
}
