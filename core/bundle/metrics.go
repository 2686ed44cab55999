package bundle

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// WithMetricsServer lets OTEL_METRICS_EXPORTER ask for /metrics, which Prometheus reads.
// It is for programs that are servers: others need not be linked with one.
func WithMetricsServer() Option {
	return func(p *parts) { p.serveMetrics = serveMetrics }
}

// metricsServer serves /metrics on a listener of its own, which is this machine's own
// address unless the environment names another.
type metricsServer struct {
	server  *http.Server
	address net.Addr
	served  chan struct{}
}

func serveMetrics(address string, metrics http.Handler) (*metricsServer, error) {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	s := &metricsServer{address: listener.Addr(), served: make(chan struct{}), server: &http.Server{
		Handler: ownHost(listener.Addr(), mux), ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(listener) // until Close
	}()
	return s, nil
}

// Close ends the server.
func (s *metricsServer) Close() error {
	err := s.server.Close()
	<-s.served
	return err
}

// ownHost refuses requests for other hosts where only this machine is served: a page
// whose name resolves to this machine could read the metrics otherwise.
func ownHost(address net.Addr, handler http.Handler) http.Handler {
	if tcp, ok := address.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if host != "localhost" && !net.ParseIP(strings.Trim(host, "[]")).IsLoopback() {
			http.Error(w, "this address is for this machine alone", http.StatusForbidden)
			return
		}
		handler.ServeHTTP(w, r)
	})
}
