package static

import (
	"path"
	"strings"
)

// Hashed reports whether a file's name has a digest of its content in it, so that the content
// never changes, as the builders of front ends name files:
//
//	assets/index-DMm9YOAa.js            Vite, Rollup, esbuild, and Angular (main-K3WUBZKD.js)
//	static/js/main.3f2a1b9c.js          webpack, Rspack and Parcel
//	_next/static/…  _nuxt/…  _astro/…  _app/immutable/…
//
// It would rather miss a digest than see one in a word, a date or a size (OpenSans-SemiBold.ttf,
// photo-20240101.jpg, wide-1280x720.png): that costs a request whose answer is 304, and not a
// file that stays old for a year.
func Hashed(name string) bool {
	for _, folder := range []string{"_next/static/", "_nuxt/", "_astro/", "_app/immutable/"} {
		if strings.HasPrefix(name, folder) {
			return true
		}
	}
	stem, extension := path.Base(name), ""
	for i := strings.LastIndexByte(stem, '.'); i > 0; i = strings.LastIndexByte(stem, '.') {
		part := stem[i+1:]
		if isHexDigest(part) { // of main.3f2a1b9c.js, and of main.3f2a1b9c.chunk.js
			return true
		}
		stem, extension = stem[:i], part
	}
	if i := len(stem) - base64Digits - 1; i > 0 && stem[i] == '-' {
		return isBase64Digest(stem[i+1:], extension)
	}
	return isHexDigest(stem) // webpack names some chunks by it alone
}

const (
	// base64Digits is how many digits digests in base 64 and base 32 have.
	base64Digits = 8
	// hexDigits is how many those in hexadecimal have at least.
	hexDigits = 8
)

// isHexDigest reports whether a part of a name is a digest in hexadecimal. One without letters
// may be a date, and one without figures a word.
func isHexDigest(part string) bool {
	const figures, letters = "0123456789", "abcdef"
	return len(part) >= hexDigits && strings.Trim(part, figures+letters) == "" &&
		strings.ContainsAny(part, figures) && strings.ContainsAny(part, letters)
}

// isBase64Digest reports whether eight letters, figures, - and _ look like a digest, and like
// nothing that people write.
func isBase64Digest(part, extension string) bool {
	var figures, letters, small int
	var humps, pairs int // how often a capital follows a small letter, and a capital
	for i := range len(part) {
		switch c := part[i]; {
		case isFigure(c):
			figures++
		case isSmall(c):
			small++
			letters++
		case isCapital(c):
			letters++
			if i > 0 && isSmall(part[i-1]) {
				humps++
			}
			if i > 0 && isCapital(part[i-1]) || i == len(part)-1 {
				pairs++
			}
		case c != '-' && c != '_':
			return false
		}
	}
	switch {
	case letters == 0:
		return false // a date
	case figures > 0:
		return !isSize(part)
	case small == 0: // Angular's without a figure; LICENSES.txt isn't one
		return letters == len(part) && (extension == "js" || extension == "mjs" || extension == "css")
	}
	return humps > 0 && pairs > 0 // and no CamelCase
}

func isFigure(c byte) bool  { return '0' <= c && c <= '9' }
func isSmall(c byte) bool   { return 'a' <= c && c <= 'z' }
func isCapital(c byte) bool { return 'A' <= c && c <= 'Z' }

// isSize reports whether a part is a size in pixels, such as 1280x720.
func isSize(part string) bool {
	width, height, found := strings.Cut(part, "x")
	return found && strings.Trim(width+height, "0123456789") == ""
}
