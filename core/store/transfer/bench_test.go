package transfer_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/storetest"
	"github.com/copilotkit-go/runtime/core/store/transfer"
)

// BenchmarkMove is what it takes to export a thousand threads with ten runs each, to import
// them, and to import them again when they are there.
func BenchmarkMove(b *testing.B) {
	startDynamoDB(b)
	for name, open := range map[string]func(testing.TB) store.Store{"memory": inMemory, "sqlite": inSQLite, "redis": inRedis, "postgres": inPostgres, "dynamodb": inDynamoDB} {
		s := open(b)
		storetest.Fill(b, s, 1000, 10)
		file := export(b, s, transfer.Options{})
		b.Run(name+"/export", func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				if _, err := transfer.Export(b.Context(), io.Discard, s, transfer.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/import", func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				b.StopTimer()
				if err := s.Clear(b.Context(), "bench"); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if _, err := transfer.Import(b.Context(), s, bytes.NewReader(file), transfer.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/again", func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				if _, err := transfer.Import(b.Context(), s, bytes.NewReader(file), transfer.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
