// Package freeport gives tests ports for the programs that they run.
package freeport

import (
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// Take returns a port of 127.0.0.1 on which nothing listens, and which no other test of
// this machine gets before this one ends, so that a program can end there and start
// again. It is below those that the system gives to whoever asks for any, so that nobody
// gets it meanwhile.
func Take(t testing.TB) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(10000 + rand.IntN(20000))
		if reserve(t, port) {
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// reserve takes a port for a test, and reports whether it was free. Tests of other
// processes see the lock on its file, which ends with the process at the latest. Each
// user has a folder, since another may not write there.
func reserve(t testing.TB, port string) bool {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "copilotkit-test-ports-"+strconv.Itoa(os.Getuid()))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatalf("reserve a port: %v", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, port), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		t.Fatalf("reserve a port: %v", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return false
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		_ = file.Close()
		return false
	}
	_ = listener.Close()
	t.Cleanup(func() { _ = file.Close() })
	return true
}
