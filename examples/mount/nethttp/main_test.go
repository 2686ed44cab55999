package main

import (
	"testing"

	"github.com/copilotkit-go/runtime/examples/mount/internal/mounttest"
)

func TestTheMountedRuntimeStreams(t *testing.T) {
	mounttest.Check(t, newRouter)
}
