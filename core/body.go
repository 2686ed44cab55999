package core

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// limitBody bounds what hooks and endpoints can read of the request.
func (x *exchange) limitBody() {
	if x.r.Body != nil {
		x.r.Body = http.MaxBytesReader(x.w, x.r.Body, x.maxBody)
	}
}

// readBody reads the whole body. One that is too large is refused before
// anything of it is looked at, at once where its length is announced.
func (x *exchange) readBody() ([]byte, error) {
	if x.r.Body == nil {
		return nil, nil
	}
	if x.r.ContentLength > x.maxBody {
		return nil, bodyTooLarge(x.maxBody)
	}
	var buffer bytes.Buffer
	if x.r.ContentLength > 0 {
		buffer.Grow(int(x.r.ContentLength) + bytes.MinRead)
	}
	// A hook may have put another body in the place of the bounded one.
	if _, err := buffer.ReadFrom(io.LimitReader(x.r.Body, x.maxBody+1)); err != nil {
		return nil, x.readError(err)
	}
	if int64(buffer.Len()) > x.maxBody {
		return nil, bodyTooLarge(x.maxBody)
	}
	return bytes.TrimPrefix(buffer.Bytes(), []byte("\ufeff")), nil
}

// readError is the answer to a body that could not be read to its end.
func (x *exchange) readError(err error) *HTTPError {
	if errors.As(err, new(*http.MaxBytesError)) {
		return bodyTooLarge(x.maxBody)
	}
	return invalidBody(err)
}
