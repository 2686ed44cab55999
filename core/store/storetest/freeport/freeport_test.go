package freeport_test

import (
	"net"
	"testing"

	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
)

// Of 500 ports drawn from 20,000 some twelve share one with another: they would be given twice.
func TestAPortIsTakenOnce(t *testing.T) {
	taken := make(map[string]bool)
	for range 500 {
		port := freeport.Take(t)
		if taken[port] {
			t.Fatalf("port %s is taken twice", port)
		}
		taken[port] = true
	}
	for port := range taken {
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		_ = listener.Close()
	}
}
