package a2ui_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
)

// An id isn't read again with each delta that comes after it.
func TestALongIDIsReadOnce(t *testing.T) {
	const length = 400_000
	arguments := `{"surfaceId":"` + strings.Repeat("i", 4000) + `","components":[` + root + strings.Repeat(`,{"a":"b"}`, length/10)
	inner := answering(call("c", "render_a2ui", split(arguments, 4)...), nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range newExtension(t, own).Middleware(inner).Run(t.Context(), &agui.RunAgentInput{}) {
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 32*length {
		t.Errorf("%d bytes of arguments took %d", length, allocated)
	}
}

// Of a surface that is drawn nothing is kept but its id: a run may have many large ones.
func TestDrawnSurfacesAreLetGo(t *testing.T) {
	const length = 1 << 20
	large := surface[:len(surface)-1] + `,{"id":"x","component":"Text","text":"` + strings.Repeat("x", length) + `"}]}`
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	inner := answering(run(call("1", "render_a2ui", large), call("2", "render_a2ui", large), call("3", "render_a2ui", large),
		call("4", "render_a2ui", large), []agui.Event{finished}), nil)
	before := heap()
	for event := range newExtension(t, own).Middleware(inner).Run(t.Context(), &agui.RunAgentInput{}) {
		if event.EventType() == agui.EventTypeRunFinished {
			if after := heap(); after > before+length {
				t.Errorf("%d bytes are kept", after-before)
			}
		}
	}
}
