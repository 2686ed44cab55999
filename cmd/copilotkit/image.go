//go:build image

package main

// The image has no files of a system's: the certificates of public authorities and the
// time zones are in the program. A file that SSL_CERT_FILE names, or a folder that
// SSL_CERT_DIR does, takes the certificates' place.
import (
	_ "time/tzdata"

	_ "golang.org/x/crypto/x509roots/fallback"
)
