package redis_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/redis"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

func TestStoreOverTLS(t *testing.T) {
	t.Parallel()
	server, certificate := redistest.StartTLS(t)
	url := strings.Replace(server.URL(), "redis://", "rediss://", 1)
	wrong := filepath.Join(t.TempDir(), "wrong.pem")
	if err := os.WriteFile(wrong, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}

	trusting := open(t, url+"?ca="+certificate)
	lease := begin(t, trusting, thread, "run")
	waiting := awaitStop(t, lease)
	if stopped, err := trusting.Stop(t.Context(), thread, ""); !stopped || err != nil {
		t.Fatalf("stop: %v, %v", stopped, err)
	}
	if err := <-waiting; err != nil {
		t.Fatalf("await stop: %v", err)
	}
	// The first check reads all of the system's certificates, which takes a busy machine
	// longer than the two seconds that a connection may take.
	if _, err := open(t, url+"?dial_timeout=1m").Thread(t.Context(), thread); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an untrusted certificate: got %v", err)
	}
	for name, test := range map[string]struct{ url, want string }{
		"without TLS":       {server.URL() + "?ca=" + certificate, "only a rediss URL"},
		"no file":           {url + "?ca=" + certificate + ".none", "no such file"},
		"not a certificate": {url + "?ca=" + wrong, "no certificate"},
	} {
		if _, err := redis.Open(t.Context(), test.url, redis.Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
	}
}

// chatUser has the rights that Open's comment names, without "+info".
const chatUser = "--user chat on >secret ~copilotkit:* &copilotkit:* +@all -@dangerous"

func TestStoreWithAUserWhoMayOnlyTouchItsKeys(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, strings.Fields(chatUser+" --user default off")...)
	url := strings.Replace(server.URL(), "redis://", "redis://chat:secret@", 1)
	storetest.Run(t, func(t *testing.T) store.Store {
		// A prefix within the user's rights, so that tests don't see each other.
		return open(t, url+"?prefix=copilotkit:"+rand.Text()+":")
	})
	// Outside of its keys the user may do nothing.
	if _, err := open(t, url+"?prefix=other:").CreateThread(t.Context(), thread, "agent", ""); err == nil ||
		errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("keys that the user has no right to: got %v", err)
	}
	for _, wrong := range []string{server.URL(), strings.Replace(url, "secret", "guess", 1)} {
		_, err := open(t, wrong).Thread(t.Context(), thread)
		if err == nil || strings.Contains(err.Error(), "guess") {
			t.Errorf("a wrong password: got %v", err)
		}
	}
}

func clusterUser(t *testing.T, url string) {
	s := open(t, strings.Replace(url, "redis://", "redis://chat:secret@", 1))
	lease := begin(t, s, thread, "run")
	if err := lease.Append(t.Context(), records(1, 3)); err != nil {
		t.Fatal(err)
	}
	if err := lease.Finish(t.Context(), &store.Result{Records: records(1, 3)}); err != nil {
		t.Fatal(err)
	}
	if page, err := s.Threads(t.Context(), store.Query{Owner: thread.Owner}); err != nil || len(page.Threads) != 1 {
		t.Errorf("got %+v and %v", page, err)
	}
}

// A server that refuses the subscription isn't asked again and again.
func TestAUserWithoutChannelsIsNotRefusedAllTheTime(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, strings.Fields("--user chat on >secret ~* resetchannels +@all")...)
	s := open(t, strings.Replace(server.URL(), "redis://", "redis://chat:secret@", 1))
	awaitStop(t, begin(t, s, thread, "run"))
	admin := admin(t, server)
	before := stat(t, admin, "total_connections_received")
	<-time.After(time.Second)
	if made := stat(t, admin, "total_connections_received") - before; made > 20 {
		t.Errorf("%v connections within a second", made)
	}
}

func TestStoresWithAnotherPrefixOrDatabaseSeeNothingOfEachOther(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	stores := map[string]*redis.Store{}
	for name, url := range map[string]string{
		"default":          server.URL(),
		"prefix":           server.URL() + "?prefix=a:",
		"longer prefix":    server.URL() + "?prefix=a:threads:",
		"no prefix":        server.URL() + "?prefix=",
		"database":         strings.TrimSuffix(server.URL(), "/0") + "/3",
		"database, prefix": strings.TrimSuffix(server.URL(), "/0") + "/3?prefix=a:",
	} {
		stores[name] = open(t, url)
	}
	leases := map[string]store.Lease{}
	for name, s := range stores {
		if _, err := s.Thread(t.Context(), thread); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("%s: thread of another store: %v", name, err)
		}
		leases[name] = begin(t, s, thread, name)
		if err := leases[name].Append(t.Context(), records(1, 1)); err != nil {
			t.Fatal(err)
		}
	}
	// Channels have no database: others get the message too, but it is no stop to
	// them.
	if stopped, err := stores["default"].Stop(t.Context(), thread, ""); !stopped || err != nil {
		t.Fatalf("stop: %v, %v", stopped, err)
	}
	if err := leases["default"].AwaitStop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, lease := range leases {
		if name == "default" {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if err := lease.AwaitStop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: stopped with another store's run: %v", name, err)
		}
		cancel()
		if err := stores[name].Clear(t.Context(), thread.Owner); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	page, err := stores["default"].Read(t.Context(), thread, 0, false)
	if err != nil || len(page.Records) != 1 || page.RunID != "default" {
		t.Errorf("after the others were cleared: %+v, %v", page, err)
	}
	if page, err := stores["default"].Threads(t.Context(), store.Query{Owner: thread.Owner}); err != nil || len(page.Threads) != 1 {
		t.Errorf("after the others were cleared: %+v, %v", page, err)
	}
}

func admin(t testing.TB, server *redistest.Server) *goredis.Client {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr})
	t.Cleanup(func() { client.Close() })
	return client
}
