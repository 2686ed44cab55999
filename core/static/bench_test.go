package static_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkServe measures a small file of a folder, and the 304 that takes its place.
func BenchmarkServe(b *testing.B) {
	folder := newFolder(b)
	handler := inFolder(b, folder)
	etag := request(handler, http.MethodGet, "/assets/logo.svg", nil).Header().Get("ETag")
	for name, header := range map[string]http.Header{"file": {}, "304": {"If-None-Match": {etag}}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, "/assets/logo.svg", nil)
				r.Header = header
				handler.ServeHTTP(&discard{header: make(http.Header)}, r)
			}
		})
	}
}
