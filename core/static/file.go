package static

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"time"
)

// file is an open regular file.
type file struct {
	name    string
	info    fs.FileInfo
	content io.ReadSeeker
	fs.File
}

// noTime leaves out Last-Modified: an ETag says more, and an older deployment that comes back
// has older files.
var noTime time.Time

// open opens a regular file. Opening another kind could wait for ever (a FIFO) or do something
// (a device), so that the kind is asked for first.
func (h *Handler) open(name string) (*file, error) {
	info, err := fs.Stat(h.files, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errIrregular}
	}
	opened, err := h.files.Open(name)
	if err != nil {
		return nil, err
	}
	info, err = opened.Stat() // it may be another by now
	content, seekable := opened.(io.ReadSeeker)
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = &fs.PathError{Op: "open", Path: name, Err: errIrregular}
	case !seekable:
		err = fmt.Errorf("open %s: a %T can't seek", name, opened)
	default:
		return &file{name, info, content, opened}, nil
	}
	return nil, errors.Join(err, opened.Close())
}

// errIrregular is that a name isn't that of a regular file.
var errIrregular = errors.New("not a regular file")

// isMissing reports whether an error of open means that there is nothing to serve under a name.
// Other errors are failures: a limit of open files, a disk, a file that nobody may read.
func isMissing(err error) bool {
	for _, missing := range []error{fs.ErrNotExist, fs.ErrInvalid, errIrregular, syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.ELOOP} {
		if errors.Is(err, missing) {
			return true
		}
	}
	return false
}
