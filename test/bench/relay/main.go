// Command relay does the least that a Go program can do with a model's stream: it cuts
// the text out of each line, puts it into an event and flushes it. It validates
// nothing, records nothing, and has no threads.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("{}"))
	})
	mux.HandleFunc("POST /agent/default/run", func(w http.ResponseWriter, r *http.Request) {
		if err := relay(w, r, client); err != nil {
			log.Print(err)
		}
	})
	fmt.Fprintf(os.Stderr, "runtimeUrl http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, mux))
}

var (
	before = []byte(`"content":"`)
	after  = []byte(`"}`)
)

func relay(w http.ResponseWriter, r *http.Request, client *http.Client) error {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost,
		os.Getenv("OPENAI_BASE_URL")+"/chat/completions", strings.NewReader(`{"stream":true}`))
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := w.(http.Flusher)
	var event bytes.Buffer
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		_, rest, found := bytes.Cut(lines.Bytes(), before)
		text, _, ended := bytes.Cut(rest, after)
		if !found || !ended || len(text) == 0 {
			continue
		}
		event.Reset()
		event.WriteString(`data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"`)
		event.Write(text)
		event.WriteString("\"}\n\n")
		if _, err := w.Write(event.Bytes()); err != nil {
			return err
		}
		flusher.Flush()
	}
	return nil
}
