package static

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// Dir is the files of a folder, named by its path. It is an [fs.FS] without a way out: a
// symbolic link is followed within the folder, and what is elsewhere isn't there. Files may
// change while they are served, and the folder itself may be replaced.
type Dir string

// Open opens a file. Its errors may have the file's path.
func (d Dir) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	opened, err := os.OpenInRoot(string(d), name)
	if err != nil {
		return nil, outside(err)
	}
	return opened, nil
}

// Stat describes a file without opening it.
func (d Dir) Stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrInvalid}
	}
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	return info, outside(err)
}

// outside returns fs.ErrNotExist for a path that leads out of the folder. Package os has no
// name for that error, but it alone is none of the system's.
func outside(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) && !errors.As(err, new(syscall.Errno)) {
		failed.Err = fs.ErrNotExist
	}
	return err
}
