package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"time"
)

const (
	// binaryPath is where the server is in the image.
	binaryPath = "copilotkit"
	// user is nobody's number: containers run as it unless they are told another.
	user = 65532
	// dataPath is a folder for a file of SQLite's. A volume of Docker's that is mounted
	// there gets its owner.
	dataPath = "data/"
)

// rootfs returns the files of the image as a compressed archive. All of them are as old
// as the commit.
func rootfs(p *program) ([]byte, error) {
	// The best compression takes more than twice as long, and saves 0.3 per cent.
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	archive := tar.NewWriter(compressed)
	for _, file := range []struct {
		name    string
		mode    int64
		owner   int
		content []byte
	}{
		{name: binaryPath, mode: 0o755, content: p.binary},
		// Platforms that choose a user by themselves give it the group 0.
		{name: dataPath, mode: 0o770, owner: user},
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o644, content: []byte("root:x:0:\ncopilotkit:x:65532:\n")},
		// Without it Go asks the name server before /etc/hosts.
		{name: "etc/nsswitch.conf", mode: 0o644, content: []byte("hosts: files dns\n")},
		{name: "etc/passwd", mode: 0o644, content: []byte("root:x:0:0:root:/:/sbin/nologin\ncopilotkit:x:65532:65532:copilotkit:/:/sbin/nologin\n")},
		{name: "licences/", mode: 0o755},
		{name: "licences/LICENSE", mode: 0o644, content: p.licence},
		{name: "licences/third-party-licences.txt", mode: 0o644, content: p.thirdParty},
		{name: "tmp/", mode: 0o1777},
	} {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: file.name, Mode: file.mode, Size: int64(len(file.content)),
			Uid: file.owner, ModTime: p.created.Truncate(time.Second), Format: tar.FormatUSTAR,
		}
		if file.content == nil {
			header.Typeflag = tar.TypeDir
		}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := io.Copy(archive, bytes.NewReader(file.content)); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	if err := compressed.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
