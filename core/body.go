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
		ex.unlimitedBody = ex.r.Body
		// Not in the server's own request: by its body the server knows a client that
		// waits to be told to send it, and answers without.
		ex.r = ex.r.WithContext(ex.r.Context())
		ex.r.Body = http.MaxBytesReader(ex.w, ex.r.Body, ex.config.MaxBodyBytes)
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
	if ex.drained || ex.unlimitedBody == nil {
		return true
	}
	if ex.r.ContentLength > maxDrainBytes || ex.r.Header.Get("Expect") != "" {
		return false
	}
	control := ex.limitReading()
	n, err := io.Copy(io.Discard, io.LimitReader(ex.unlimitedBody, maxDrainBytes))
	if ex.drained = err == nil && n < maxDrainBytes; ex.drained && control != nil {
		_ = control.SetReadDeadline(time.Time{})
	}
	return ex.drained
}

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
	switch {
	case ex.reserved > 0: // what is read again has its room
	case ex.r.ContentLength < 0:
		body = &reservingReader{Reader: body, ex: ex}
	case ex.r.ContentLength > smallBody:
		if err := ex.reserve(ex.r.ContentLength); err != nil {
			return nil, err
		}
	}
	var buffer bytes.Buffer
	if ex.r.ContentLength > 0 {
		buffer.Grow(int(ex.r.ContentLength) + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(body)
	if errors.As(err, new(*http.MaxBytesError)) || int64(buffer.Len()) > limit {
		ex.head = bytes.Clone(buffer.Next(maxHead))
		return nil, bodyTooLarge(limit)
	}
	if err != nil {
		var refused *HTTPError
		if errors.As(err, &refused) {
			return nil, refused
		}
		return nil, invalidBody(err)
	}
	return bytes.TrimPrefix(buffer.Bytes(), []byte("\ufeff")), nil
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
