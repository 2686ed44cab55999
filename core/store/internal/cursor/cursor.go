// Package cursor writes a place in a list of threads as the opaque text that
// clients get: store.ThreadPage.NextCursor.
package cursor

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/copilotkit-go/runtime/core/store"
)

// Encode returns the cursor that names the place behind a thread: updated is
// the time of its last update, in whatever unit the store counts it.
func Encode(updated int64, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(updated, 10) + " " + id))
}

// Parse returns what [Encode] was given. It fails with store.ErrBadCursor.
func Parse(cursor string) (updated int64, id string, err error) {
	place, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, "", fmt.Errorf("%w: %q", store.ErrBadCursor, cursor)
	}
	number, id, found := strings.Cut(string(place), " ")
	updated, err = strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		return 0, "", fmt.Errorf("%w: %q", store.ErrBadCursor, cursor)
	}
	return updated, id, nil
}

// EncodeKey returns the cursor that names the place behind a thread in the list of all
// owners' threads.
func EncodeKey(updated int64, key store.Key) string {
	// Escaped, so that neither part can have the colon.
	return Encode(updated, url.QueryEscape(key.Owner)+":"+url.QueryEscape(key.ID))
}

// ParseKey returns what [EncodeKey] was given. It fails with store.ErrBadCursor.
func ParseKey(cursor string) (updated int64, key store.Key, err error) {
	updated, escaped, err := Parse(cursor)
	if err != nil {
		return 0, key, err
	}
	owner, id, found := strings.Cut(escaped, ":")
	if found {
		key.Owner, err = url.QueryUnescape(owner)
	}
	if found && err == nil {
		key.ID, err = url.QueryUnescape(id)
	}
	if !found || err != nil {
		return 0, store.Key{}, fmt.Errorf("%w: %q", store.ErrBadCursor, cursor)
	}
	return updated, key, nil
}
