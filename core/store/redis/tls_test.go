package redis_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/redis"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
)

func TestAServerThatWantsTLSSaysSo(t *testing.T) {
	server, certificate := redistest.StartTLS(t)
	for name, test := range map[string]struct{ address, says string }{
		"without TLS":               {server.URL(), "begins with rediss://"},
		"without TLS, as a cluster": {server.URL() + "?cluster=true", "begins with rediss://"},
		"with TLS, of a stranger":   {strings.Replace(server.URL(), "redis:", "rediss:", 1), "certificate"},
		"with TLS":                  {strings.Replace(server.URL(), "redis:", "rediss:", 1) + "?ca=" + certificate, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := redis.Open(t.Context(), test.address, redis.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			_, err = s.Thread(t.Context(), store.Key{ID: "t"})
			switch {
			case test.says == "" && !errors.Is(err, store.ErrNotFound):
				t.Errorf("got %v", err)
			case test.says != "" && (!errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), test.says)):
				t.Errorf("got %v, want %q in it", err, test.says)
			}
		})
	}
}

func TestAServerThatIsGoneIsNotTakenForOneThatWantsTLS(t *testing.T) {
	server := redistest.Start(t)
	s, err := redis.Open(t.Context(), server.URL(), redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Thread(t.Context(), store.Key{ID: "t"}); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	server.Kill()
	if _, err := s.Thread(t.Context(), store.Key{ID: "t"}); err == nil || strings.Contains(err.Error(), "rediss") {
		t.Errorf("got %v", err)
	}
}
