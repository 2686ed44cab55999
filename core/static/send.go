package static

import (
	"net/http"
	"strings"
	"time"
)

const (
	// sendGrace and slowest bound how long an answer may take, since it holds a file and a
	// connection: that long, and a second more for as many bytes.
	sendGrace = 30 * time.Second
	slowest   = 4 << 10
)

// send answers with a file's content, or with what the request's conditions and range ask for.
func send(w http.ResponseWriter, r *http.Request, file *file) {
	// Several ranges at once may come to more than the file. No browser asks for them.
	if strings.Contains(r.Header.Get("Range"), ",") {
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	connection := http.NewResponseController(w)
	longest := sendGrace + time.Duration(file.info.Size()/slowest)*time.Second
	if connection.SetWriteDeadline(time.Now().Add(longest)) == nil { // else the server is to see to it
		defer func() { _ = connection.SetWriteDeadline(time.Time{}) }() // the connection is kept
	}
	http.ServeContent(w, r, "", noTime, file.content)
}
