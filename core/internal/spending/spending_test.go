package spending_test

import (
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/spending"
	"github.com/copilotkit-go/runtime/core/store"
)

// An overflow would give the user back all that is spent on the day.
func TestWhateverIsReportedARunSpendsNoMoreThanCanBeSummedUp(t *testing.T) {
	const most = 10_000_000_000_000
	entry := `{"inputTokens":1000000000000000,"outputTokens":1000000000000000}`
	finished, err := agui.ParseEncoded([]byte(`{"type":"RUN_FINISHED","threadId":"t","runId":"r","usage":[` +
		entry + strings.Repeat(","+entry, 99) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := store.Tokens{Input: most, Output: most}
	count := spending.New(nil, true)
	count.Observe(finished)
	if got := count.Tokens(); got != want {
		t.Errorf("a terminal event: got %+v, want %+v", got, want)
	}
	count = spending.New(nil, true)
	huge := int64(1<<63 - 1)
	for range 100 {
		count.Report(agent.Usage{Estimated: true, TokenUsage: agui.TokenUsage{InputTokens: &huge, OutputTokens: &huge}})
	}
	want.Estimated = 2 * most
	if got := count.Tokens(); got != want {
		t.Errorf("calls of models: got %+v, want %+v", got, want)
	}
}
