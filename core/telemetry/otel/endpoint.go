package otel

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// otlp reads one of the exporter's variables for a signal, or else for all.
func (e *environment) otlp(signal, suffix string) (name, value string) {
	name = "OTEL_EXPORTER_OTLP_" + signal + "_" + suffix
	if value = e.lookup(name); value != "" {
		return name, value
	}
	name = "OTEL_EXPORTER_OTLP_" + suffix
	return name, e.lookup(name)
}

// exporter reads where a signal goes, which is at a path of the general endpoint.
func (e *environment) exporter(signal, path string) *Exporter {
	exporter := &Exporter{URL: e.endpoint(signal, path), Header: e.header(signal)}
	const protobuf = "http/protobuf"
	if name, value := e.otlp(signal, "PROTOCOL"); value != "" && value != protobuf {
		e.fail(name, "%q is not %s, which is what collectors take at port 4318", value, protobuf)
	}
	switch name, value := e.otlp(signal, "COMPRESSION"); value {
	case "", "none":
	case "gzip":
		exporter.Gzip = true
	default:
		e.fail(name, "%q is neither gzip nor none", value)
	}
	timeout := "OTEL_EXPORTER_OTLP_TIMEOUT"
	if name, value := e.otlp(signal, "TIMEOUT"); value != "" {
		timeout = name
	}
	exporter.Timeout = e.milliseconds(timeout, 10*time.Second)
	exporter.TLS = e.tls(signal)
	return exporter
}

func (e *environment) endpoint(signal, path string) *url.URL {
	own := "OTEL_EXPORTER_OTLP_" + signal + "_ENDPOINT"
	name, value := e.otlp(signal, "ENDPOINT")
	address, err := outbound.ParseURL(cmp.Or(value, "http://localhost:4318"))
	switch {
	case err != nil:
		e.fail(name, "%w", err)
		return nil
	case name != own:
		address = address.JoinPath(path)
	case address.Path == "":
		address.Path = "/"
	}
	return address
}

func (e *environment) header(signal string) http.Header {
	name, value := e.otlp(signal, "HEADERS")
	pairs, err := parsePairs(value)
	headers := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		headers[pair[0]] = pair[1]
	}
	var header http.Header
	if err == nil {
		header, err = outbound.NewHeader(headers)
	}
	if err != nil {
		e.fail(name, "%w", err)
	}
	return header
}

// tls reads whose certificates are trusted, and with which one this process shows itself.
func (e *environment) tls(signal string) *tls.Config {
	caName, ca := e.otlp(signal, "CERTIFICATE")
	certificateName, certificate := e.otlp(signal, "CLIENT_CERTIFICATE")
	keyName, key := e.otlp(signal, "CLIENT_KEY")
	if ca == "" && certificate == "" && key == "" {
		return nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(strings.TrimSpace(ca))
		config.RootCAs = x509.NewCertPool()
		if err == nil && !config.RootCAs.AppendCertsFromPEM(pem) {
			err = errors.New("there is no certificate in the file")
		}
		if err != nil {
			e.fail(caName, "%w", err)
		}
	}
	switch {
	case certificate == "" && key == "":
	case certificate == "":
		e.fail(certificateName, "not set, and %s is", keyName)
	case key == "":
		e.fail(keyName, "not set, and %s is", certificateName)
	default:
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			e.fail(certificateName, "%w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config
}
