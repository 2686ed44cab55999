package platform_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/platform"
)

func TestAKeyIsFetchedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		key := w.newKey(t, keyID)
		verifier := w.verifier(t, platform.Config{LoadBalancer: arn})
		token := albToken(t, key, nil, nil)
		var wait sync.WaitGroup
		for range 1000 {
			wait.Go(func() {
				if _, err := verifier.Identify(request(albHeader, token)); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if len(w.asked) != 1 {
			t.Errorf("asked %d times", len(w.asked))
		}
	})
}

func TestInventedKeysFloodNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		key, invented := w.newKey(t, keyID), newWorld().newKey(t, "")
		verifier := w.verifier(t, platform.Config{LoadBalancer: arn})
		believed := func() {
			t.Helper()
			if _, err := verifier.Identify(request(albHeader, albToken(t, key, nil, nil))); err != nil {
				t.Error(err)
			}
		}
		believed()
		for i := range 1000 {
			_, err := verifier.Identify(request(albHeader, albToken(t, invented, object{"kid": fmt.Sprint("invented-", i)}, nil)))
			if !refused(err) && !errors.Is(err, access.ErrUnavailable) {
				t.Fatalf("got %v", err)
			}
			believed()
		}
		if len(w.asked) > 16 {
			t.Errorf("asked %d times", len(w.asked))
		}
		time.Sleep(30 * time.Second)
		key2 := w.newKey(t, "new")
		if _, err := verifier.Identify(request(albHeader, albToken(t, key2, object{"kid": "new"}, nil))); err != nil {
			t.Errorf("after that a new key gives %v", err)
		}
	})
}

func TestThePlaceOfTheKeysIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		key, unknown := w.newKey(t, keyID), w.newKey(t, "unknown")
		verifier := w.verifier(t, platform.Config{LoadBalancer: arn, IAPAudience: iapAudience})
		identify := func(header, token string, want error) {
			t.Helper()
			if _, err := verifier.Identify(request(header, token)); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", header, err, want)
			}
		}
		identify(albHeader, albToken(t, key, nil, nil), nil)
		w.down = true
		identify(iapHeader, iapToken(t, key, nil), access.ErrUnavailable)
		time.Sleep(20 * time.Hour)
		identify(albHeader, albToken(t, key, nil, nil), nil)
		identify(albHeader, albToken(t, unknown, object{"kid": "unknown"}, nil), access.ErrUnavailable)
		w.down = false
		time.Sleep(time.Minute)
		identify(iapHeader, iapToken(t, key, nil), nil)
		identify(albHeader, albToken(t, unknown, object{"kid": "unknown"}, nil), nil)
		// A key that is taken back no longer counts once that is seen.
		delete(w.keys, keyID)
		time.Sleep(time.Hour)
		if _, err := verifier.Identify(request(albHeader, albToken(t, key, nil, nil))); !refused(err) {
			t.Errorf("a key that was taken back gives %v", err)
		}
	})
}
