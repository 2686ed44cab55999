package memory_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/internal/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheCollectorsTarget(t *testing.T) {
	const v2, v1 = "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"
	for name, test := range map[string]struct {
		env, files map[string]string
		want       int64
	}{
		"nothing is known":                {nil, nil, 0},
		"Lambda says":                     {map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128"}, nil, 96 << 20},
		"a control group says":            {nil, map[string]string{v2: "536870912\n"}, 384 << 20},
		"an old control group says":       {nil, map[string]string{v1: "536870912\n"}, 384 << 20},
		"a control group has no limit":    {nil, map[string]string{v2: "max\n"}, 0},
		"an old one has none":             {nil, map[string]string{v1: "9223372036854771712\n"}, 0},
		"both say, and the less counts":   {map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"}, map[string]string{v2: "536870912"}, 384 << 20},
		"the deployer says":               {map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "GOMEMLIMIT": "off"}, map[string]string{v2: "536870912"}, 0},
		"what is said makes no sense":     {map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "-1"}, map[string]string{v2: "x", v1: "0"}, 0},
		"what is said is more than a lot": {map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "99999999999999"}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := memory.Target(func(variable string) string { return test.env[variable] }, func(path string) ([]byte, error) {
				if text, ok := test.files[path]; ok {
					return []byte(text), nil
				}
				return nil, os.ErrNotExist
			})
			if got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestThereIsMemory(t *testing.T) {
	if size := memory.Size(); size < 64<<20 || size > 1<<50 {
		t.Errorf("got %d bytes", size)
	}
}
