// Command scriptedmodel serves a scripted OpenAI-compatible provider on
// 127.0.0.1 until it is interrupted.
//
//	scriptedmodel -script answers.json -port 0
//
// Its first line on standard output is the base URL, such as
// http://127.0.0.1:41234/v1. GET /status returns how many answers are open, and how
// many clients disconnected before the end.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

func main() {
	script := flag.String("script", "", "file with the script as JSON; without one every answer is \"ok\"")
	port := flag.Int("port", 0, "port to listen on; 0 picks a free one")
	flag.Parse()
	if err := run(*script, *port); err != nil {
		fmt.Fprintln(os.Stderr, "scriptedmodel:", err)
		os.Exit(1)
	}
}

func run(file string, port int) error {
	var script scriptedmodel.Script
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the script: %w", err)
		}
		if err := json.Unmarshal(data, &script); err != nil {
			return fmt.Errorf("decode the script %s: %w", file, err)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: scriptedmodel.New(script), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Printf("http://%s/v1\n", listener.Addr())

	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	if err := server.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
