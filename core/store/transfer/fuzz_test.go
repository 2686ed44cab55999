package transfer_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/store/transfer"
)

// FuzzImport checks that no file makes an import panic, and that what one brings can be
// exported, read by clients, and imported again.
func FuzzImport(f *testing.F) {
	s := inMemory(f)
	fill(f, s, rand.New(rand.NewPCG(16, 0)), 2)
	f.Add(export(f, s, transfer.Options{}))
	f.Add([]byte(`{"format":"copilotkit-threads","version":1}
{"thread":{"id":"t","agent":"a","created":"2026-01-01T00:00:00Z","updated":"2026-01-01T00:00:00Z"}}
{"snapshot":{"messages":[{"id":"m","role":"user","content":"x"}],"state":null}}
{"seq":9,"cuts":[2,3],"event":{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"1234\u00e9"}}
{"records":1}
{"threads":1}
`))
	f.Fuzz(func(t *testing.T, file []byte) {
		to := memory.New(memory.Limits{})
		defer to.Close()
		if _, err := transfer.Import(t.Context(), to, bytes.NewReader(file), transfer.Options{}); err != nil {
			return
		}
		list, err := to.Threads(t.Context(), store.Query{AllOwners: true, IncludeArchived: true})
		if err != nil {
			t.Fatal(err)
		}
		again := memory.New(memory.Limits{})
		defer again.Close()
		if _, err := transfer.Import(t.Context(), again, bytes.NewReader(export(t, to, transfer.Options{})), transfer.Options{}); err != nil {
			t.Fatal(err)
		}
		for _, thread := range list.Threads {
			got, gotErr := again.Read(t.Context(), thread.Key, 0, false)
			want, wantErr := to.Read(t.Context(), thread.Key, 0, false)
			if gotErr != nil || wantErr != nil || len(got.Records) != len(want.Records) {
				t.Fatalf("thread %q: %d records, %v; want %d, %v", thread.Key, len(got.Records), gotErr, len(want.Records), wantErr)
			}
		}
	})
}
