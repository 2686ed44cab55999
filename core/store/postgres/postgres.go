// Package postgres keeps threads in PostgreSQL 13 or newer, or a service that speaks its
// protocol (RDS, Aurora, Cloud SQL, Neon, Supabase), so that any number of instances
// share them.
//
// A thread is a row, which says where its run stands, and who holds its lease until when
// by the server's clock. Its records are blocks: one for each batch of the live run, and
// one for each finished run. Every operation is one batch of statements, which takes one
// round trip and is one transaction, and begins with a change of the thread's row under
// the lease's token: a holder that has lost its lease can't write. Nothing is prepared,
// so that all of it works behind a pooler such as PgBouncer, whatever its mode.
//
// Who waits, for records or to be stopped, is woken by NOTIFY, on one connection of the
// process that exists while somebody waits. Records are announced only while somebody
// follows them, since the server commits transactions with a NOTIFY one after the other.
// Behind a pooler that gives a session's connection to others, where no message arrives,
// waiting calls ask again and again instead. A lost message costs time, never an event.
//
// The tables are made when the store is first used, and brought to the present version
// by whoever is newer, under an advisory lock. A role that may not do so needs to be
// given them: [Schema] returns the statements.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/background"
	"github.com/copilotkit-go/runtime/core/store/internal/sharing"
)

// Store is a [store.Store] and a [store.Meter] in a PostgreSQL database.
type Store struct {
	settings
	statements statements
	logger     *slog.Logger
	pool       *pool
	migration  migration
	background *background.Group
	signals    *signals
	// When what is kept no longer was last removed, of threads and of the meter.
	swept, forgot interval

	// Followers that wait for the same records share a reading.
	reads sharing.Readings[readKey, found]
}

// Options are what a store's URL can't say.
type Options struct {
	// Logger gets what no call's error says: that messages don't arrive, or that
	// removing old threads failed. If nil, defaults to [slog.Default].
	Logger *slog.Logger
	// Password, if not nil, is asked for the password of each connection, in the place
	// of the one in the URL: a token of the platform's that soon expires, for example.
	Password PasswordFunc
	// IAM are the values that the URL's parameter iam may have, and what is asked for
	// the password then.
	IAM map[string]PasswordFunc
}

// PasswordFunc returns the password for a new connection. It is called for each, and
// concurrently.
type PasswordFunc func(ctx context.Context, login Login) (string, error)

// Login is who connects to what.
type Login struct {
	Host           string
	Port           uint16
	User, Database string
}

var _ store.Store = (*Store)(nil)

// Open prepares a store for a URL such as postgres://user:password@host:5432/database.
// It connects when first used, so it fails only when the URL is wrong. The query of the
// URL may set
//
//   - schema: the schema of all tables, by default copilotkit, which is made if need be;
//   - prefix: what the names of all tables begin with, by default nothing;
//   - retention: how long a thread is kept after it was last written to, such as 720h,
//     by default for ever. It is removed some time after, when others are used;
//   - max-runs: how many finished runs of a thread are kept for replay, the newest ones,
//     by default all. The messages and the state of the thread (Snapshot) don't depend on
//     it;
//   - pool: how many connections statements may use at the same time, by default 2. One
//     more exists while calls wait;
//   - iam: which of options.IAM is asked for passwords;
//   - and what libpq knows, as it means it: sslmode, sslrootcert, sslcert, sslkey,
//     channel_binding, target_session_attrs, connect_timeout (by default 5 seconds),
//     application_name (by default copilotkit), options and so on. As in libpq the
//     default of sslmode is prefer, which doesn't check who answers: over a network use
//     verify-full. What the URL leaves out the variables PGHOST, PGUSER, PGPASSWORD and
//     so on may say.
func Open(_ context.Context, url string, options Options) (*Store, error) {
	set, config, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	if set.iam != "" {
		password, known := options.IAM[set.iam]
		if !known {
			return nil, fmt.Errorf("iam: this program has no %q", set.iam)
		}
		options.Password = password
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	s := &Store{
		settings:   set,
		statements: newStatements(set.names),
		logger:     options.Logger,
		pool:       newPool(config, set.pool, options.Password),
		migration:  newMigration(),
		background: background.New(),
	}
	s.signals = newSignals(s)
	return s, nil
}

// Close ends all connections. Calls that wait return an error. Statements under way are
// waited for.
func (s *Store) Close() error {
	s.background.End()
	s.signals.wakeAll()
	s.background.Wait()
	s.pool.close()
	return nil
}

const (
	// maxConflicts is how often a transaction is tried again that was undone for the
	// sake of another one.
	maxConflicts = 5
	// probation is how long a connection may have been idle and is trusted to answer.
	probation = time.Second
)

// do sends a batch of statements, as one transaction. If the connection fails before the
// answer is there it does so again, once, on a new one: build is called for each try, and
// what it returns must come out the same when it is done twice.
func (s *Store) do(ctx context.Context, build func(try int) []query) error {
	tries, conflicts, failures := 0, 0, 0
	for {
		err := s.migrate(ctx)
		if err == nil {
			err = s.try(ctx, build(tries), failures > 0)
			tries++
		}
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case isConflict(err) && conflicts < maxConflicts:
			conflicts++
			if err := pause.Sleep(ctx, rand.N(time.Duration(conflicts)*5*time.Millisecond)); err != nil {
				return err
			}
		case isMissing(err) && failures == 0:
			// Somebody has dropped the tables since this process saw them.
			failures++
			s.migration.forget()
		case isConnectionFailure(err) && !isRefused(err) && failures == 0:
			failures++
		default:
			return err
		}
	}
}

// try sends a batch on a connection of the pool, or on a new one.
func (s *Store) try(ctx context.Context, queries []query, fresh bool) error {
	var batch pgconn.Batch
	for _, query := range queries {
		if err := query.add(&batch); err != nil {
			return err
		}
	}
	conn, err := s.pool.get(ctx, fresh)
	if err != nil {
		return err
	}
	defer s.pool.put(conn)
	if !conn.used.IsZero() && time.Since(conn.used) > probation {
		limited, cancel := context.WithTimeoutCause(ctx, answerTimeout, errNoAnswer)
		defer cancel()
		ctx = limited
	}
	return exec(conn.ExecBatch(ctx, &batch), queries)
}

// errNoAnswer is why a connection that was idle is given up.
var errNoAnswer = errors.New("no answer on a connection that was idle")
