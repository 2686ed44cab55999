// Command serve runs the platform for tests, for browsers and to try things by hand. It
// prints one line of JSON, {"url", "gatewayUrl", "key", "controlUrl"}, and ends with its
// standard input or SIGTERM.
//
// What goes wrong is switched at the control address:
//
//	PATCH  /faults              merges JSON into the faults
//	PUT    /faults              replaces them
//	POST   /gateway/down, /up   makes the gateways unreachable, and reachable
//	POST   /api/down, /up       the same for the HTTP calls
//	POST   /cut?who=clients&code=1012     closes connections; who is runners, clients or all
//	POST   /release             sends the answers that were held
//	POST   /expire?thread=id    takes a thread's lock away
//	POST   /stop?run=id         tells a run's runners to stop
//	POST   /threads?id=&user=&agent=      adds a thread
//	GET    /violations, /messages?thread=id, /events?thread=id
//	GET    /requests?after=n, /frames?after=n      without the first n
//	GET    /counts              how many requests and frames there have been
//	GET    /refusals, /lock?thread=id, /memories?user=id
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

func main() {
	var options intelligencetest.Options
	flag.StringVar(&options.Key, "key", "", "the project's `key`")
	flag.StringVar(&options.Address, "address", "", "where the HTTP calls are answered, `host:port`")
	flag.StringVar(&options.GatewayAddress, "gateway", "", "where the gateways are, `host:port`")
	watch := flag.Bool("until-eof", true, "end when the standard input does")
	flag.Parse()
	if err := run(options, *watch); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run(options intelligencetest.Options, watch bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	platform, err := intelligencetest.Start(options)
	if err != nil {
		return err
	}
	defer platform.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	control := &http.Server{Handler: controls(platform), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- control.Serve(listener) }()
	defer func() {
		_ = control.Close()
		<-ended
	}()
	if watch {
		go func() { // it ends with the process
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{
		"url": platform.URL, "gatewayUrl": platform.GatewayURL, "key": platform.Key,
		"controlUrl": "http://" + listener.Addr().String(),
	}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// controls is what a test in another process uses in place of the platform's methods.
func controls(p *intelligencetest.Platform) http.Handler {
	mux := http.NewServeMux()
	do := func(pattern string, act func(*http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := act(r); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		})
	}
	show := func(pattern string, value func(*http.Request) any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(value(r)) // whoever asked may be gone
		})
	}
	faults := func(replace bool) func(*http.Request) error {
		return func(r *http.Request) (err error) {
			decoder := json.NewDecoder(r.Body)
			decoder.DisallowUnknownFields()
			p.SetFaults(func(f *intelligencetest.Faults) {
				changed := *f
				if replace {
					changed = intelligencetest.Faults{}
				}
				if err = decoder.Decode(&changed); err == nil {
					*f = changed
				}
			})
			return err
		}
	}
	do("PATCH /faults", faults(false))
	do("PUT /faults", faults(true))
	do("POST /gateway/down", func(*http.Request) error { p.GatewayDown(); return nil })
	do("POST /gateway/up", func(*http.Request) error { return p.GatewayUp() })
	do("POST /api/down", func(*http.Request) error { p.APIDown(); return nil })
	do("POST /api/up", func(*http.Request) error { return p.APIUp() })
	do("POST /release", func(*http.Request) error { p.ReleaseAcks(); return nil })
	do("POST /expire", func(r *http.Request) error { p.ExpireLock(r.FormValue("thread")); return nil })
	do("POST /stop", func(r *http.Request) error { p.StopRun(r.FormValue("run")); return nil })
	do("POST /threads", func(r *http.Request) error {
		p.AddThread(r.FormValue("id"), r.FormValue("user"), r.FormValue("agent"))
		return nil
	})
	do("POST /cut", func(r *http.Request) error { return cut(p, r) })
	show("GET /violations", func(*http.Request) any { return nonNil(p.TakeViolations()) })
	show("GET /refusals", func(*http.Request) any { return nonNil(p.Refusals()) })
	show("GET /requests", func(r *http.Request) any { return after(r, p.Requests()) })
	show("GET /frames", func(r *http.Request) any { return after(r, p.Frames()) })
	show("GET /counts", func(*http.Request) any {
		return map[string]int{"requests": len(p.Requests()), "frames": len(p.Frames())}
	})
	show("GET /messages", func(r *http.Request) any { return nonNil(p.Messages(r.FormValue("thread"))) })
	show("GET /events", func(r *http.Request) any { return nonNil(p.Events(r.FormValue("thread"))) })
	show("GET /lock", func(r *http.Request) any { return p.Lock(r.FormValue("thread")) })
	show("GET /memories", func(r *http.Request) any { return nonNil(p.Memories(r.FormValue("user"))) })
	return mux
}

// after returns a list without its first elements, as many as the request says.
func after[T any](r *http.Request, list []T) []T {
	n, _ := strconv.Atoi(r.FormValue("after")) // nothing is none
	return nonNil(list[min(max(n, 0), len(list)):])
}

// cut closes connections with a code, or without a word.
func cut(p *intelligencetest.Platform, r *http.Request) error {
	code := 0
	if text := r.FormValue("code"); text != "" {
		var err error
		if code, err = strconv.Atoi(text); err != nil {
			return err
		}
	}
	switch who := r.FormValue("who"); who {
	case "runners":
		p.CutRunners(code)
	case "clients":
		p.CutClients(code)
	case "all", "":
		p.CutConnections(code)
	default:
		return fmt.Errorf("unknown who: %q", who)
	}
	return nil
}

// nonNil makes no elements [] in JSON.
func nonNil[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}
