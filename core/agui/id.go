package agui

import (
	"crypto/rand"
	"fmt"
)

// NewID returns an id for a message, a run or a thread: a random UUID (RFC 9562, version
// 4), as AG-UI's clients make them.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
