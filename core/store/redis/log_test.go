package redis_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/store/redis"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
)

func TestAServerThatEvictsKeysIsLoggedOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		args  string
		query string
		user  string
		want  string // "" for nothing
	}{
		{"leases go first", "--maxmemory-policy volatile-lru", "", "", "level=ERROR"},
		{"any key may go", "--maxmemory-policy allkeys-random", "?retention=1h", "", "policy=allkeys-random"},
		{"no key goes", "--maxmemory-policy noeviction", "", "", ""},
		{"the user may not ask", "--maxmemory-policy volatile-lru " + chatUser, "", "chat:secret@", "level=DEBUG"},
		{"the user may ask", "--maxmemory-policy volatile-lru " + chatUser + " +info", "", "chat:secret@", "policy=volatile-lru"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, strings.Fields(test.args)...)
			log := newLog()
			s, err := redis.Open(t.Context(), strings.Replace(server.URL(), "redis://", "redis://"+test.user, 1)+test.query, redis.Options{Logger: slog.New(log)})
			if err != nil {
				t.Fatal(err)
			}
			for n := range 3 {
				begin(t, s, numbered(n), "run")
			}
			if test.want != "" {
				if line := within(t, log.lines); !strings.Contains(line, test.want) {
					t.Errorf("logged %s, want %q in it", line, test.want)
				}
			}
			// Whatever else it logs it has logged by then.
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			select {
			case line := <-log.lines:
				t.Errorf("logged too: %s", line)
			default:
			}
		})
	}
}

func TestAServerThatRefusesTheSubscriptionIsLoggedOnce(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, strings.Fields("--user chat on >secret ~* &* +@all -subscribe")...)
	log := newLog()
	s, err := redis.Open(t.Context(), strings.Replace(server.URL(), "redis://", "redis://chat:secret@", 1), redis.Options{Logger: slog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	waiting := awaitStop(t, begin(t, s, thread, "run"))
	if line := within(t, log.lines); !strings.Contains(line, "level=WARN") || !strings.Contains(line, "NOPERM") || strings.Contains(line, "secret") {
		t.Errorf("logged %s", line)
	}
	// Without messages a stop comes late, but it comes: after several attempts to
	// subscribe.
	if stopped, err := s.Stop(t.Context(), thread, ""); !stopped || err != nil {
		t.Fatalf("stop: %v, %v", stopped, err)
	}
	if err := within(t, waiting); err != nil {
		t.Errorf("await stop: %v", err)
	}
	select {
	case line := <-log.lines:
		t.Errorf("logged too: %s", line)
	default:
	}
}

// log is a handler that keeps what is logged.
type log struct {
	slog.Handler
	lines chan string
}

func newLog() log {
	l := log{lines: make(chan string, 100)}
	l.Handler = slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})
	return l
}

func (l log) Write(line []byte) (int, error) {
	l.lines <- string(line)
	return len(line), nil
}
