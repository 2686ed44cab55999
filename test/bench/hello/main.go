// Command hello is the least that an HTTP server in Go can be: what it takes to start is
// what any takes.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("Hello, world"))
	})
	fmt.Fprintf(os.Stderr, "runtimeUrl http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
