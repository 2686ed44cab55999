package managed

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxUser is how long the platform lets a user's id be, in bytes.
const maxUser = 128

// hashed begins what stands for an id that is longer.
const hashed = "sha256:"

// userID returns what the platform calls a user. It takes letters, digits and _.@:=- and
// up to 128 of them; of an id of this kind it is the id itself. In others each byte that
// isn't among them is "=" and two upper-case hex digits, and what would be read as that
// begins with "=3D". What is too long then is its SHA-256. No two ids become one.
func userID(id string) string {
	encoded := escapeUser(id)
	if len(encoded) > maxUser {
		sum := sha256.Sum256([]byte(id))
		return hashed + hex.EncodeToString(sum[:])
	}
	if strings.HasPrefix(encoded, hashed) && len(encoded) == len(hashed)+2*sha256.Size {
		// Nobody is to be somebody else's hash.
		return "sha256=3A" + encoded[len(hashed):]
	}
	return encoded
}

func escapeUser(id string) string {
	var encoded strings.Builder
	for i := range len(id) {
		c := id[i]
		escape := !allowed(c) || c == '=' && len(id) > i+2 && upperHex(id[i+1]) && upperHex(id[i+2])
		if !escape {
			encoded.WriteByte(c)
			continue
		}
		const digits = "0123456789ABCDEF"
		encoded.Write([]byte{'=', digits[c>>4], digits[c&15]})
	}
	return encoded.String()
}

func allowed(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_.@:=-", c) >= 0
}

func upperHex(c byte) bool { return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' }
