// Package soak puts the runtime under load: many streams at once, many short
// runs one after the other, and clients that read, disconnect, stall and stop at
// random, on every store. Every stream must end with a terminal event, no thread may
// stay locked, and goroutines and memory must return to their initial level.
//
//	go test ./test/soak                                    # a short form
//	go test ./test/soak -streams 1000 -runs 10000          # make soak
package soak_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/store/redis"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/sqlite"
)

var (
	streams = flag.Int("streams", 40, "streams at once")
	runs    = flag.Int("runs", 200, "short runs, one after the other in each of sixteen clients")
	seed    = flag.Uint64("seed", 1, "of what the clients do")
)

// instances share one store, as the instances of a function do.
const instances = 2

// stores open one store per instance.
var stores = map[string]func(t *testing.T) []store.Store{
	"memory": func(*testing.T) []store.Store {
		one := memory.New(memory.Limits{MaxThreads: 1 << 20})
		return []store.Store{one, one}
	},
	"SQLite": func(t *testing.T) []store.Store {
		file := filepath.Join(t.TempDir(), "threads.db")
		return open(t, func() (store.Store, error) { return sqlite.Open(context.Background(), "sqlite://"+file) })
	},
	"Redis": func(t *testing.T) []store.Store {
		server := redistest.Start(t)
		return open(t, func() (store.Store, error) { return redis.Open(context.Background(), server.URL(), redis.Options{}) })
	},
}

func open(t *testing.T, one func() (store.Store, error)) []store.Store {
	t.Helper()
	var opened []store.Store
	for range instances {
		s, err := one()
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, s)
	}
	return opened
}

func TestManyStreamsAtOnce(t *testing.T) {
	forEveryStore(t, func(t *testing.T, site *site) {
		var clients sync.WaitGroup
		for n := range *streams {
			random := rand.New(rand.NewPCG(*seed, uint64(n)))
			clients.Go(func() { site.visit(t, fmt.Sprintf("stream-%d", n), long, random) })
		}
		clients.Wait()
	})
}

func TestManyShortRuns(t *testing.T) {
	forEveryStore(t, func(t *testing.T, site *site) {
		var clients sync.WaitGroup
		var next atomic.Int64
		for n := range 16 {
			random := rand.New(rand.NewPCG(*seed, uint64(n)))
			clients.Go(func() {
				for {
					run := next.Add(1)
					if run > int64(*runs) {
						return
					}
					// Clients share threads, so that runs collide and histories grow.
					site.visit(t, fmt.Sprintf("thread-%d", run%int64(*runs/10+1)), short, random)
				}
			})
		}
		clients.Wait()
	})
}

// forEveryStore runs a test on instances with each of the stores, and then checks for
// leaks.
func forEveryStore(t *testing.T, play func(*testing.T, *site)) {
	for name, openAll := range stores {
		t.Run(name, func(t *testing.T) {
			opened := openAll(t)
			goroutines, heap := resting()
			site := newSite(t, opened)
			play(t, site)
			site.check(t)
			site.close()
			for _, s := range opened {
				if err := s.Close(); err != nil {
					t.Errorf("close the store: %v", err)
				}
			}
			t.Log(site.counts.String())
			settle(t, goroutines)
			if _, after := resting(); name != "memory" && after > heap+64<<20 {
				t.Errorf("%d MiB of heap are left, of %d before", after>>20, heap>>20)
			}
		})
	}
}

// resting returns the number of goroutines and the bytes of heap in use.
func resting() (goroutines int, heap uint64) {
	http.DefaultClient.CloseIdleConnections()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return runtime.NumGoroutine(), memory.HeapAlloc
}

// settle waits until there are no more goroutines than before.
func settle(t *testing.T, before int) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		http.DefaultClient.CloseIdleConnections()
		left := runtime.NumGoroutine()
		if left <= before {
			return
		}
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines are left, of %d before:\n%s", left, before, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(10 * time.Millisecond)
	}
}
