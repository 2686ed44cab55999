package check

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store"
)

const storeVariable = "COPILOTKIT_STORE"

// store writes a thread, reads it and deletes it.
func (t trier) store(ctx context.Context) (string, bool) {
	logger := slog.New(&warnings{report: t.Report})
	opened, err := bundle.StoreAt(ctx, t.settings.Store.Reveal(), slices.Concat(t.options, []bundle.Option{bundle.WithLogger(logger)})...)
	if err == nil {
		err = errors.Join(writeThread(ctx, opened), opened.Close())
	}
	if err != nil {
		return t.storeFailed(ctx, err), false
	}
	return "a thread was written, read and deleted", true
}

// owner owns the thread that is written.
const owner = "copilotkit check"

// cleanUp is how long deleting the thread may take after the time is over.
const cleanUp = 2 * time.Second

func writeThread(ctx context.Context, s store.Store) (err error) {
	key := store.Key{Owner: owner, ID: "check-" + rand.Text()}
	lease, err := s.Begin(ctx, store.BeginRequest{Key: key, AgentID: "check", RunID: "check", TTL: time.Minute})
	if err != nil {
		return fmt.Errorf("begin a run: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
		defer cancel()
		if deleted := s.DeleteThread(ctx, key); deleted != nil && err == nil {
			err = fmt.Errorf("delete the thread: %w", deleted)
		}
	}()
	event, err := agui.Encode(agui.RunStartedEvent{ThreadID: key.ID, RunID: "check"})
	if err != nil {
		return err
	}
	records := []store.Record{{Seq: lease.NextSeq(), Event: event}}
	if err := lease.Append(ctx, records); err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	if err := lease.Finish(ctx, &store.Result{Records: records, Snapshot: store.Snapshot{Messages: []byte("[]")}}); err != nil {
		return fmt.Errorf("finish the run: %w", err)
	}
	page, err := s.Read(ctx, key, 0, false)
	if err == nil && len(page.Records) != len(records) {
		err = fmt.Errorf("%d records came back, not %d", len(page.Records), len(records))
	}
	if err != nil {
		return fmt.Errorf("read the thread: %w", err)
	}
	return nil
}

// storeFailed adds a finding for what the store has failed with, and returns it in a few
// words.
func (t trier) storeFailed(ctx context.Context, err error) string {
	text := err.Error()
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
	}
	switch {
	case has("hung up without a word"):
		t.problem(MistakeStoreWantsTLS, storeVariable, "the store hangs up without a word, as a Redis does that takes TLS alone", text,
			"Begin the address with rediss:// instead of redis://.")
		return "it hangs up: it may want TLS"
	case has("no pg_hba.conf entry", "no encryption", "SSL required"):
		t.problem(MistakeStoreWantsTLS, storeVariable, "the database takes connections with TLS alone", text, "Add sslmode=require to the address, or verify-full.")
		return "it wants TLS"
	case has("server refused TLS connection"):
		t.problem("store-tls", storeVariable, "the database has no TLS", text, "Set sslmode=disable in the address, if nobody between can listen.")
		return "it has no TLS"
	case has("NOAUTH", "WRONGPASS", "invalid password", "28P01", "28000"):
		t.problem("store-login", storeVariable, "the store refuses the user or the password", text,
			"Correct them in the address; what isn't a letter or a digit is written as %3F is for a question mark.")
		return "the login is refused"
	case has("copilotkit store schema", "42P01", "3F000"):
		t.problem("store-schema", storeVariable, "the database has no tables, and the role may not make them", text,
			"Let a role that may run what \"copilotkit store schema\" prints.")
		return "the tables are missing"
	case has("NOPERM", "42501", "AccessDenied"):
		t.problem("store-rights", storeVariable, "the store's user may not do what the store needs", text, "Give it the rights that the store's page lists.")
		return "rights are missing"
	case aboutClock(text):
		t.problem(MistakeClock, "", "the store says that the request was signed at another time than now", text, "Set this machine's clock.")
		return "the clock is wrong"
	}
	t.network(ctx, "store", storeVariable, "the store", err)
	return "it fails"
}

// warnings is a log handler that adds what the store warns of to a report.
type warnings struct{ report *Report }

func (*warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (w *warnings) Handle(_ context.Context, record slog.Record) error {
	text := record.Message
	record.Attrs(func(attribute slog.Attr) bool {
		text += fmt.Sprintf("; %s: %s", attribute.Key, attribute.Value)
		return true
	})
	w.report.warn("store", storeVariable, text, "", "")
	return nil
}

func (w *warnings) WithAttrs([]slog.Attr) slog.Handler { return w }
func (w *warnings) WithGroup(string) slog.Handler      { return w }
