package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"
)

// limitBody bounds what hooks and endpoints can read of the request.
func (ex *exchange) limitBody() {
	if ex.r.Body != nil && ex.r.Body != http.NoBody {
		ex.body = ex.newPacedBody(ex.r.Body)
		// Not in the server's own request: by its body the server knows a client that
		// waits to be told to send it, and answers without.
		ex.r = ex.r.WithContext(ex.r.Context())
		ex.r.Body = http.MaxBytesReader(ex.w, ex.body, ex.config.MaxBodyBytes)
	}
}

const (
	// maxDrainBytes and maxDrainTime are how much of a body that nobody wants is read to
	// be thrown away, and for how long.
	maxDrainBytes = 256 << 20
	maxDrainTime  = 10 * time.Second
)

// drainBody reads the rest of a body that is refused, and reports whether all of it came.
// A browser that is still sending when the connection is closed reports that, and never
// reads why. Clients that wait to be told to go on are not told so. Of a client that is too
// slow nothing more is read, by the server neither.
func (ex *exchange) drainBody() bool {
	if !ex.unread() {
		return true
	}
	if ex.r.ContentLength > maxDrainBytes || ex.r.Header.Get("Expect") != "" {
		return false
	}
	control := ex.limitReading()
	n, err := io.Copy(io.Discard, io.LimitReader(ex.body, maxDrainBytes))
	if drained := err == nil && n < maxDrainBytes; drained && control != nil {
		_ = control.SetReadDeadline(time.Time{})
	}
	return ex.drained
}

// unread reports whether the request has a body that hasn't been read to its end.
func (ex *exchange) unread() bool { return ex.body != nil && !ex.drained }

// limitReading limits for how long the rest of the body is waited for, from its first call
// on. It returns what can change that, nil where there is no such limit: not every
// http.ResponseWriter has deadlines; those of servers do.
func (ex *exchange) limitReading() *http.ResponseController {
	control := http.NewResponseController(ex.w)
	if ex.readingLimited {
		return control
	}
	if control.SetReadDeadline(time.Now().Add(maxDrainTime)) != nil {
		return nil
	}
	ex.readingLimited = true
	return control
}

// readBody reads the whole body. One that is too large, or for which there is no
// room, is refused before anything of it is looked at, at once where its length is
// announced.
func (ex *exchange) readBody() ([]byte, error) {
	if ex.r.Body == nil {
		return nil, nil
	}
	limit := ex.config.MaxBodyBytes
	if ex.r.ContentLength > limit {
		return nil, bodyTooLarge(limit)
	}
	// A hook may have put another body in the place of the bounded one.
	body := io.LimitReader(ex.r.Body, limit+1)
	if ex.reserved == 0 { // what is read again has its room
		if ex.r.ContentLength > smallBody && !ex.bodies.hasRoom(ex.r.ContentLength) {
			return nil, serverBusy()
		}
		body = &reservingReader{Reader: body, ex: ex}
	}
	data, err := readAll(body, ex.r.ContentLength)
	if errors.As(err, new(*http.MaxBytesError)) || int64(len(data)) > limit {
		ex.head = bytes.Clone(data[:min(len(data), maxHead)])
		return nil, bodyTooLarge(limit)
	}
	if err != nil {
		var refused *HTTPError
		if errors.As(err, &refused) {
			return nil, refused
		}
		return nil, invalidBody(err)
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil
}

// grantedBody is for how much of a body there is room before anything of it has come.
const grantedBody = 1 << 20

// readAll reads up to the end, of a body that has the announced size, -1 if that isn't
// known. What is only announced takes no memory: there is twice as much as has come.
func readAll(body io.Reader, size int64) ([]byte, error) {
	data := make([]byte, 0, min(max(size, 0), grantedBody)+bytes.MinRead)
	for {
		if len(data) == cap(data) {
			more := len(data)
			if rest := int(size) - len(data); rest > 0 {
				more = min(more, rest+bytes.MinRead)
			}
			data = append(make([]byte, 0, len(data)+more), data...)
		}
		n, err := body.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return data, err
		}
	}
}

// hasBody reports whether the request has a body, as far as is known before it
// is read.
func (ex *exchange) hasBody() bool {
	return ex.r.Body != nil && ex.r.Body != http.NoBody && ex.r.ContentLength != 0
}

// setBody makes r the request, with a JSON value as its body. A string stands
// for its text, so that a client may send a body that is encoded already.
func (ex *exchange) setBody(r *http.Request, body json.RawMessage) {
	var text string
	if json.Unmarshal(body, &text) == nil {
		body = json.RawMessage(text)
	}
	if r == ex.r {
		r = ex.r.Clone(ex.r.Context())
	}
	r.Header.Set("Content-Type", contentTypeJSON)
	r.Header.Del("Content-Length")
	r.ContentLength = int64(len(body))
	r.TransferEncoding = nil
	r.Body = io.NopCloser(bytes.NewReader(body))
	ex.r = r
}

// isJSON reports whether a body of this Content-Type is JSON. What a web page
// can send anywhere without asking first (text, forms, a body without a type) is
// not, whatever parameters it adds: with cookies it would act as its visitor.
func isJSON(header http.Header) bool {
	mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return mediaType == contentTypeJSON && (err == nil || errors.Is(err, mime.ErrInvalidMediaParameter))
}

// isNull reports whether a JSON value is null, or isn't there.
func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
