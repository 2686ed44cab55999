package dynamodb_test

import (
	"testing"
	"time"
)

func TestManyFollowersOfOneProcessShareOneQuestion(t *testing.T) {
	t.Parallel()
	address := fresh()
	proxy, stop := server.Through()
	t.Cleanup(stop)
	writer, s := open(t, address), openAt(t, address, proxy)
	lease := begin(t, writer, "run", longTTL)
	const followers, batches = 10, 5
	began := time.Now()
	done := make(chan error, followers)
	for range followers {
		go func() {
			for after := int64(0); after < batches; {
				page, err := s.Read(t.Context(), thread, after, true)
				if err != nil {
					done <- err
					return
				}
				after += int64(len(page.Records))
			}
			done <- nil
		}()
	}
	for seq := range int64(batches) {
		time.Sleep(150 * time.Millisecond)
		if err := lease.Append(t.Context(), records(seq+1, 1, "run")); err != nil {
			t.Fatal(err)
		}
	}
	for range followers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	counted := proxy.Take()
	// Each begins with a reading of its own. Then there is one for all every 100 ms.
	most := 3*followers + 2*int(time.Since(began)/(100*time.Millisecond))
	if n := counted.Requests["Query"] + counted.Requests["GetItem"]; n > most {
		t.Errorf("%d requests, want %d at most: %v", n, most, counted.Requests)
	}
}

func TestARunThatIsWrittenToAllTheTimeSeesItsStop(t *testing.T) {
	t.Parallel()
	address := fresh()
	s, other := open(t, address), open(t, address)
	lease := begin(t, s, "run", longTTL)
	stopped := make(chan error, 1)
	go func() { stopped <- lease.AwaitStop(t.Context()) }()
	if asked, err := other.Stop(t.Context(), thread, ""); !asked || err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for seq := int64(1); ; seq++ {
		if err := lease.Append(t.Context(), records(seq, 1, "run")); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-stopped:
			if err != nil {
				t.Error(err)
			}
			return
		case <-time.After(10 * time.Millisecond):
			if time.Since(begun) > 20*time.Second {
				t.Fatalf("after %d records it hasn't", seq)
			}
		}
	}
}
