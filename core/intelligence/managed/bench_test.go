package managed_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/intelligence/managed"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// servesBenchmarks makes this program the other side of its benchmarks, whose time and
// memory isn't to be counted.
const servesBenchmarks = "MANAGED_SERVES_BENCHMARKS"

type served struct{ URL, GatewayURL, Key, SinkURL string }

func serveBenchmarks() {
	platform, err := intelligencetest.Start(intelligencetest.Options{})
	if err != nil {
		panic(err)
	}
	defer platform.Close()
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		conn.SetReadLimit(-1)
		for {
			_, frame, err := conn.Reader(r.Context())
			if err != nil {
				return
			}
			io.Copy(io.Discard, frame)
		}
	}))
	defer sink.Close()
	json.NewEncoder(os.Stdout).Encode(served{platform.URL, platform.GatewayURL, platform.Key, sink.URL})
	io.Copy(io.Discard, os.Stdin)
}

// servedElsewhere starts the other side in a process of its own.
func servedElsewhere(b *testing.B) (served, *managed.Platform) {
	b.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), servesBenchmarks+"=1")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		command.Wait()
	})
	var s served
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&s); err != nil {
		b.Fatal(err)
	}
	client, err := managed.New(managed.Options{APIKey: s.Key, APIURL: s.URL, WSURL: s.GatewayURL, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { client.Close() })
	return s, client
}

func processor(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

var delta = records(agui.TextMessageContentEvent{MessageID: "3d0d3c9a-54b6-4a7e-8a39-6f1c5b9b4a11", Delta: "a few words "})

// BenchmarkEvents passes events on to a gateway, as fast as it takes them.
func BenchmarkEvents(b *testing.B) {
	_, client := servedElsewhere(b)
	run, err := client.Begin(b.Context(), request("thread", "run"))
	if err != nil {
		b.Fatal(err)
	}
	run.Append(b.Context(), records(started))
	b.ReportAllocs()
	b.ResetTimer()
	before := processor(b)
	for range b.N {
		if room := run.Room(); room != nil {
			<-room
		}
		if err := run.Append(b.Context(), delta); err != nil {
			b.Fatal(err)
		}
	}
	run.Append(b.Context(), records(agui.RunFinishedEvent{}))
	if err := run.Finish(b.Context(), &store.Result{}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(processor(b)-before)/float64(b.N), "cpu-ns/event")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkBareFrames writes frames of the size that 32 such events have, and nothing else.
func BenchmarkBareFrames(b *testing.B) {
	s, _ := servedElsewhere(b)
	conn, _, err := websocket.Dial(b.Context(), s.SinkURL, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.CloseNow()
	frame := []byte(strings.Repeat("x", 32*360))
	b.ReportAllocs()
	b.ResetTimer()
	before := processor(b)
	for range (b.N + 31) / 32 {
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
		if err := conn.Write(ctx, websocket.MessageText, frame); err != nil {
			b.Fatal(err)
		}
		cancel()
	}
	b.ReportMetric(float64(processor(b)-before)/float64(b.N), "cpu-ns/event")
}

// BenchmarkRuns begins runs, and tells what each holds while its agent thinks.
func BenchmarkRuns(b *testing.B) {
	_, client := servedElsewhere(b)
	held := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc + stats.StackInuse
	}
	begin := func(i int) intelligence.Run {
		run, err := client.Begin(b.Context(), request(fmt.Sprintf("thread-%d", i), fmt.Sprintf("run-%d", i)))
		if err != nil {
			b.Fatal(err)
		}
		return run
	}
	runs := []intelligence.Run{begin(-1)}
	before, goroutines := held(), runtime.NumGoroutine()
	b.ResetTimer()
	for i := range b.N {
		runs = append(runs, begin(i))
	}
	b.StopTimer()
	b.ReportMetric(float64(held()-before)/float64(b.N), "held-B/run")
	b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/float64(b.N), "goroutines/run")
	for _, run := range runs {
		run.Finish(b.Context(), nil)
	}
}
