package static

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"time"
)

// digests keeps what was computed of files' contents, for a bounded number of files.
type digests struct {
	mu    sync.Mutex
	known map[string]*digest
}

// digest is what is known of a file's content.
type digest struct {
	// info is that of the file when it was read.
	info fs.FileInfo

	compute sync.Once
	etag    string
	// scripts are the sources of a policy that allow the scripts in an HTML file.
	scripts string
	err     error
}

const (
	// maxDigests is how many files' digests are kept, some hundred bytes each.
	maxDigests = 10_000
	// maxDigested is the size from which on a file isn't read for its ETag.
	maxDigested = 16 << 20
	// unsettled is how long after a change a file may change again unseen, since file systems
	// count time in steps. FAT has the longest.
	unsettled = 2 * time.Second
)

// of returns the digest of an open file's content, and leaves the file at its beginning.
// Whoever asks while it is computed waits for that.
func (d *digests) of(file *file) (*digest, error) {
	found := d.find(file)
	found.compute.Do(func() { found.err = found.read(file) })
	if found.err != nil {
		d.forget(file.name, found)
	}
	return found, found.err
}

// find returns the file's entry, a new one if the file has changed.
func (d *digests) find(file *file) *digest {
	if changed := file.info.ModTime(); !changed.IsZero() && time.Since(changed).Abs() < unsettled {
		return &digest{info: file.info}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if found := d.known[file.name]; found != nil && same(found.info, file.info) {
		return found
	}
	if d.known == nil {
		d.known = make(map[string]*digest)
	}
	if len(d.known) >= maxDigests {
		for name := range d.known { // any
			delete(d.known, name)
			break
		}
	}
	fresh := &digest{info: file.info}
	d.known[file.name] = fresh
	return fresh
}

func (d *digests) forget(name string, failed *digest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known[name] == failed {
		delete(d.known, name)
	}
}

// same reports whether a file is the one that it was. Files without a time, those in a
// program, don't change.
func same(a, b fs.FileInfo) bool {
	if a.Size() != b.Size() || !a.ModTime().Equal(b.ModTime()) {
		return false
	}
	return a.ModTime().IsZero() || a.Sys() == nil || os.SameFile(a, b)
}

// read computes the digest.
func (d *digest) read(file *file) error {
	if changed := d.info.ModTime(); d.info.Size() > maxDigested && !changed.IsZero() {
		d.etag = fmt.Sprintf(`"%x-%x"`, d.info.Size(), changed.UnixNano())
		return nil
	}
	hash := sha256.New()
	to := io.Writer(hash)
	var html bytes.Buffer
	if isHTML(file.name) {
		to = io.MultiWriter(hash, &html)
	}
	if _, err := io.Copy(to, file.content); err != nil {
		return fmt.Errorf("read %s: %w", file.name, err)
	}
	if _, err := file.content.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read %s: %w", file.name, err)
	}
	d.etag = strconv.Quote(base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:16]))
	d.scripts = scriptSources(html.Bytes())
	return nil
}
