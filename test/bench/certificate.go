package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// systemCertificates are where distributions keep the certificates that they trust.
var systemCertificates = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}

// newCertificate returns a certificate for 127.0.0.1, whose issuer it appends to a copy of
// the system's certificates in a folder. It also returns the environment with which a Go
// program reads those, as it does on Amazon Linux: the bundle, and then each file of two
// folders, which are one there, with the bundle in it.
func newCertificate(folder string) (secure *tls.Config, env []string, err error) {
	// As most public issuers have it: the issuer signs with RSA, the server with ECDSA.
	issuerKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	issuer := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	issued, err := x509.CreateCertificate(rand.Reader, issuer, issuer, &issuerKey.PublicKey, issuerKey)
	if err != nil {
		return nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		return nil, nil, err
	}
	var trusted []byte
	for _, path := range systemCertificates {
		if trusted, err = os.ReadFile(path); err == nil {
			break
		}
	}
	trusted = append(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issued})...)
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, nil, err
	}
	bundle := filepath.Join(folder, "ca-bundle.crt")
	if err := os.WriteFile(bundle, trusted, 0o644); err != nil {
		return nil, nil, err
	}
	env = []string{"SSL_CERT_FILE=" + bundle, "SSL_CERT_DIR=" + folder + ":" + folder}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}},
		NextProtos:   []string{"h2", "http/1.1"},
	}, env, nil
}
