package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
	"github.com/copilotkit-go/runtime/core/store/redis"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/sqlite"
	"github.com/copilotkit-go/runtime/core/store/transfer"
)

// kept closes a store when the test ends.
func kept[S store.Store](t testing.TB, s S, err error) S {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func inMemory(t testing.TB) store.Store { return kept(t, memory.New(memory.Limits{}), nil) }

func inSQLite(t testing.TB) store.Store { return sqliteWith(t, "") }

func sqliteWith(t testing.TB, query string) store.Store {
	address := url.URL{Scheme: "sqlite", Path: filepath.Join(t.TempDir(), "threads.db"), RawQuery: query}
	s, err := sqlite.Open(t.Context(), address.String())
	return kept(t, s, err)
}

func inRedis(t testing.TB) store.Store { return redisAt(t, redistest.Start(t).URL()) }

func redisAt(t testing.TB, url string) store.Store {
	s, err := redis.Open(context.Background(), url, redis.Options{Logger: slog.New(slog.DiscardHandler)})
	return kept(t, s, err)
}

func TestThreadsAreTheSameInEveryStoreThatTheyMoveTo(t *testing.T) {
	startDynamoDB(t)
	redisURL, postgresURL := redistest.Start(t).URL(), postgrestest.Start(t).URL()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			first := inMemory(t)
			keys := fill(t, first, rand.New(rand.NewPCG(seed, 0)), 10)
			file := export(t, first, transfer.Options{})
			ids := regexp.MustCompile(`"(?:id|messageId|parentMessageId)":"((?:[^"\\]|\\.)*)"`)
			var messageIDs []string
			for _, match := range ids.FindAllSubmatch(file, -1) {
				messageIDs = append(messageIDs, string(match[1]))
			}
			wantStreams, wantNext := make(map[store.Key]string), make(map[store.Key]string)
			for _, key := range keys {
				wantStreams[key], wantNext[key] = streams(t, first, key), next(t, first, key, messageIDs)
			}
			prefix := fmt.Sprintf("seed_%d_", seed)
			from := first
			for _, to := range []store.Store{
				inSQLite(t), redisAt(t, redisURL+"?prefix="+prefix), postgresAt(t, postgresURL+"&prefix="+prefix), inDynamoDB(t), inMemory(t),
			} {
				summary, err := transfer.Copy(t.Context(), from, to, transfer.Options{})
				if err != nil || summary.Threads[transfer.Moved] != len(keys) || len(summary.Threads) != 1 {
					t.Fatalf("got %+v, %v", summary, err)
				}
				if again := export(t, to, transfer.Options{}); !bytes.Equal(again, file) {
					t.Fatalf("%T: the file was\n%s\nand is\n%s", to, file, again)
				}
				for _, key := range keys {
					if got, want := streams(t, to, key), wantStreams[key]; got != want {
						t.Errorf("%T: clients of %q get\n%s\nwant\n%s", to, key, got, want)
					}
					if got, want := next(t, to, key, messageIDs), wantNext[key]; got != want {
						t.Errorf("%T: the next run of %q has %s, want %s", to, key, got, want)
					}
				}
				from = to
			}
		})
	}
}

func TestOnlyTheThreadsOfTheOwnersAreExported(t *testing.T) {
	s := inMemory(t)
	fill(t, s, rand.New(rand.NewPCG(7, 0)), 9)
	for name, test := range map[string]struct {
		owners []string
		want   int
	}{"all": {nil, 9}, "nobody's": {[]string{""}, 3}, "two": {[]string{"ada", `böb/"x"`}, 6}, "none": {[]string{}, 0}, "a stranger's": {[]string{"eve"}, 0}} {
		to := inMemory(t)
		if summary := load(t, to, export(t, s, transfer.Options{Owners: test.owners})); summary.Threads[transfer.Moved] != test.want {
			t.Errorf("%s: got %+v, want %d", name, summary, test.want)
		}
		list, err := to.Threads(t.Context(), store.Query{AllOwners: true, IncludeArchived: true})
		if err != nil || len(list.Threads) != test.want {
			t.Errorf("%s: got %d threads, %v", name, len(list.Threads), err)
		}
	}
}

func TestWhatALaterFileHasIsAdded(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 0))
	for name, to := range map[string]store.Store{"memory": inMemory(t), "sqlite": inSQLite(t)} {
		from := inMemory(t)
		keys := fill(t, from, random, 8)
		load(t, to, export(t, from, transfer.Options{}))
		if summary := load(t, to, export(t, from, transfer.Options{})); summary.Threads[transfer.Present] != 8 || summary.Records != 0 {
			t.Errorf("%s: the same again: %+v", name, summary)
		}
		play(t, from, keys[1], random, "a later run", nil)
		play(t, from, keys[4], random, "the first run", nil)
		newName := "renamed"
		if _, err := from.UpdateThread(t.Context(), keys[2], store.Patch{Name: &newName}); err != nil {
			t.Fatal(err)
		}
		file := export(t, from, transfer.Options{})
		summary := load(t, to, file)
		// A thread without runs has no records to tell that it was imported.
		if summary.Threads[transfer.Present] != 5 || summary.Threads[transfer.Extended]+summary.Threads[transfer.Moved] != 3 {
			t.Errorf("%s: a later file: %+v", name, summary)
		}
		if got := export(t, to, transfer.Options{}); !bytes.Equal(got, file) {
			t.Errorf("%s: the file was\n%s\nand is\n%s", name, file, got)
		}
	}
}

func TestWhatTheStoreHasAlreadyStaysAsItIs(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 0))
	from, to := inMemory(t), inMemory(t)
	keys := fill(t, from, random, 4)
	old := export(t, from, transfer.Options{})
	load(t, to, old)
	// The users of the one go on in the other, and somebody else's thread has its id.
	play(t, to, keys[0], random, "a run in the other store", nil)
	newName := "renamed in the other store"
	if _, err := to.UpdateThread(t.Context(), keys[1], store.Patch{Name: &newName}); err != nil {
		t.Fatal(err)
	}
	if err := to.DeleteThread(t.Context(), keys[2]); err != nil {
		t.Fatal(err)
	}
	play(t, to, keys[2], random, "another thread's run", nil)
	before := export(t, to, transfer.Options{})
	var refused []transfer.Report
	summary, err := transfer.Import(t.Context(), to, bytes.NewReader(old), transfer.Options{Report: func(r transfer.Report) {
		if r.Outcome == transfer.Refused {
			refused = append(refused, r)
		}
	}})
	if err != nil || summary.Threads[transfer.Present] != 3 || len(refused) != 1 || refused[0].Key != keys[2] || refused[0].Note != "the store has other records of it" {
		t.Errorf("got %+v, %v; refused %+v", summary, err, refused)
	}
	if after := export(t, to, transfer.Options{}); !bytes.Equal(after, before) {
		t.Errorf("the store had\n%s\nand has\n%s", before, after)
	}
}

func TestRunsAreCountedOneByOneWhereOnlySomeAreKept(t *testing.T) {
	from, to := sqliteWith(t, "max-runs=3"), sqliteWith(t, "max-runs=2")
	key, random := store.Key{ID: "thread"}, rand.New(rand.NewPCG(12, 0))
	var conversation []agui.Message
	for n := range 5 {
		conversation = play(t, from, key, random, fmt.Sprint("run ", n), conversation)
	}
	file := export(t, from, transfer.Options{})
	load(t, to, file)
	read := func(s store.Store) []store.Record {
		page, err := s.Read(t.Context(), key, 0, false)
		if err != nil {
			t.Fatal(err)
		}
		return page.Records
	}
	started := func(records []store.Record) (runs int) {
		for _, record := range records {
			if record.Event.EventType() == agui.EventTypeRunStarted {
				runs++
			}
		}
		return runs
	}
	kept := read(to)
	if n := started(kept); n != 2 || kept[0].Event.EventType() != agui.EventTypeRunStarted {
		t.Fatalf("%d runs are kept of those that have come", n)
	}
	// The first runs are forgotten, but not that the thread has their messages.
	ids := []string{"question of run 0", "question of run 1", "question of run 4", "a new one"}
	if got, want := next(t, to, key, ids), next(t, from, key, ids); got != want {
		t.Errorf("the next run has %s, want %s", got, want)
	}
	play(t, from, key, random, "run 5", conversation)
	load(t, to, export(t, from, transfer.Options{}))
	if records := read(to); started(records) != 2 || records[len(records)-1].Seq != read(from)[len(read(from))-1].Seq {
		t.Errorf("%d runs are kept after a later file, up to record %d", started(records), records[len(records)-1].Seq)
	}
}

func TestAThreadWithOtherRecordsIsRefused(t *testing.T) {
	from := inMemory(t)
	key, random := store.Key{ID: "thread"}, rand.New(rand.NewPCG(13, 0))
	play(t, from, key, random, "run 0", nil)
	old := export(t, from, transfer.Options{})
	play(t, from, key, random, "run 1", nil)
	later := export(t, from, transfer.Options{})
	for name, file := range map[string][]byte{
		"with as many":             bytes.ReplaceAll(old, []byte("question"), []byte("Question")),
		"with more":                bytes.ReplaceAll(later, []byte("question"), []byte("Question")),
		"with none of the store's": bytes.ReplaceAll(bytes.ReplaceAll(later, []byte(`"seq":`), []byte(`"seq":1000`)), []byte(`"created":"20`), []byte(`"created":"19`)),
	} {
		to := inMemory(t)
		load(t, to, old)
		// As if it had been made in the store.
		given := "made here"
		if _, err := to.UpdateThread(t.Context(), key, store.Patch{Name: &given}); err != nil {
			t.Fatal(err)
		}
		before := export(t, to, transfer.Options{})
		summary, err := transfer.Import(t.Context(), to, bytes.NewReader(file), transfer.Options{})
		if err != nil || summary.Threads[transfer.Refused] != 1 {
			t.Errorf("%s: got %+v, %v", name, summary, err)
		}
		if after := export(t, to, transfer.Options{}); !bytes.Equal(after, before) {
			t.Errorf("%s: the store had\n%s\nand has\n%s", name, before, after)
		}
	}
}

func TestThreadsThatTheStoreWouldNotKeepAreLeft(t *testing.T) {
	from := inMemory(t)
	keys := fill(t, from, rand.New(rand.NewPCG(11, 0)), 5)
	for _, key := range []store.Key{keys[1], keys[4]} {
		thread, err := from.Thread(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		times := &store.Times{Created: thread.CreatedAt, Updated: thread.UpdatedAt.Add(-2 * time.Hour), LastRun: thread.LastRunAt}
		if _, err := from.UpdateThread(t.Context(), key, store.Patch{Times: times}); err != nil {
			t.Fatal(err)
		}
	}
	to := redisAt(t, redistest.Start(t).URL()+"?retention=1h")
	file := export(t, from, transfer.Options{})
	for range 2 {
		summary := load(t, to, file)
		if summary.Threads[transfer.Expired] != 2 || summary.Threads[transfer.Moved]+summary.Threads[transfer.Present] != 3 {
			t.Errorf("got %+v", summary)
		}
	}
	for _, key := range []store.Key{keys[1], keys[4]} {
		if page, err := to.Read(t.Context(), key, 0, false); err != nil || len(page.Records) > 0 {
			t.Errorf("%q reads as %+v, %v", key, page, err)
		}
	}
}
