package image

import (
	"testing"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }
