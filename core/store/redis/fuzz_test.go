package redis_test

import (
	"context"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/store/redis"
)

// FuzzOpen opens a store at any address, which needs no server. An error must not
// quote the password.
func FuzzOpen(f *testing.F) {
	for _, seed := range []string{
		"redis://h:6379/0", "rediss://user:hunter-two@h/1?prefix=x:&retention=24h", "redis://:hunter-two@h:port", "redis://h?cluster=true", "redis://h/?protocol=3&pool_size=-1", "redis://:p?hunter-two@h",
		"unix:///tmp/s?db=1", "redis://h?prefix={a}", "redis://[::1]:1", "redis://hunter-two%zz@h", "redis://user:hunter-two@h?dial_timeout=x", "://", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if strings.Contains(address, "ca=") || strings.Contains(address, "file") || strings.Contains(address, "min_") {
			return // may read a file, or dial
		}
		opened, err := redis.Open(context.Background(), address, redis.Options{})
		if err != nil {
			if strings.Contains(err.Error(), "hunter-two@") {
				t.Errorf("%q: %v", address, err)
			}
			return
		}
		if err := opened.Close(); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	})
}
