package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
)

// schema holds the steps from each version of the tables to the next: 1.sql makes
// version 1 out of nothing. What has been released doesn't change.
//
//go:embed schema/*.sql
var schema embed.FS

const version = 1

// Schema returns the statements that make the tables of a store, for a role that may do
// so: they are what a store whose role may does by itself. The URL is as for [Open], of
// which the schema and the prefix count.
func Schema(url string) (string, error) {
	set, _, err := parseURL(url)
	if err != nil {
		return "", err
	}
	var script strings.Builder
	fmt.Fprintf(&script, "BEGIN;\nCREATE SCHEMA IF NOT EXISTS %s;\n\n", set.names.schema)
	for step := 1; step <= version; step++ {
		statements, err := set.names.step(step)
		if err != nil {
			return "", err
		}
		script.WriteString(statements + "\n")
	}
	fmt.Fprintf(&script, "COMMIT;\n\n-- The role that serves needs\n--   GRANT USAGE ON SCHEMA %[1]s TO role;\n--   GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %[1]s TO role;\n", set.names.schema)
	return script.String(), nil
}

// step returns the statements that bring the tables to a version from the one before.
func (n names) step(to int) (string, error) {
	statements, err := schema.ReadFile(fmt.Sprintf("schema/%d.sql", to))
	if err != nil {
		return "", err
	}
	return n.fill(fmt.Sprintf("%s\nDELETE FROM {version};\nINSERT INTO {version} VALUES (%d);\n", statements, to)), nil
}

// errSchema means that the tables aren't what this program needs, and that it can't make
// them so.
var errSchema = errors.New("tables of the postgres store")

// migration records whether the tables were seen to have the present version.
type migration struct {
	done *atomic.Bool
	// gate is for one at a time.
	gate chan struct{}
}

func newMigration() migration {
	return migration{done: new(atomic.Bool), gate: make(chan struct{}, 1)}
}

func (m migration) forget() { m.done.Store(false) }

// migrate makes sure of the tables, which takes a round trip when the store is first
// used.
func (s *Store) migrate(ctx context.Context) error {
	if s.migration.done.Load() {
		return nil
	}
	select {
	case s.migration.gate <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.migration.gate }()
	if s.migration.done.Load() {
		return nil
	}
	found, err := s.version(ctx)
	if err == nil && found < version {
		found, err = s.migrateFrom(ctx)
	}
	switch {
	case err != nil:
		return err
	case found > version:
		return fmt.Errorf("%w: they have version %d, and this program knows up to %d: use a newer one", errSchema, found, version)
	}
	s.migration.done.Store(true)
	return nil
}

// version returns which version the tables have, 0 if there are none.
func (s *Store) version(ctx context.Context) (found int64, err error) {
	err = s.try(ctx, []query{{
		sql: s.statements.version,
		row: func(row row) error {
			found = row.int(0)
			return nil
		},
	}}, false)
	if isMissing(err) {
		return 0, nil
	}
	return found, err
}

// migrationLock is the number of the advisory lock that all stores of a database share.
const migrationLock = 0x636f70696c6f74 // "copilot"

// migrateFrom brings the tables to the present version, in one transaction: another
// process that does so meanwhile waits, and finds it done.
func (s *Store) migrateFrom(ctx context.Context) (int64, error) {
	conn, err := s.pool.get(ctx, false)
	if err != nil {
		return 0, err
	}
	// An unfinished transaction ends with the connection.
	defer s.pool.put(conn)
	do := func(sql string) (rows [][][]byte, err error) {
		results, err := conn.Exec(ctx, sql).ReadAll()
		if err != nil || len(results) == 0 {
			return nil, err
		}
		return results[len(results)-1].Rows, nil
	}
	// By the catalog's own tables: functions that look a name up may remember what was
	// before the lock.
	rows, err := do(fmt.Sprintf(`BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(%d);
		SELECT count(*) > 0, count(c.oid) > 0 FROM pg_catalog.pg_namespace AS n
		LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = '%sversion' WHERE n.nspname = '%s'`,
		migrationLock, s.names.prefix, s.names.schema))
	if err != nil {
		return 0, err
	}
	hasSchema, hasTables := string(rows[0][0]) == "t", string(rows[0][1]) == "t"
	var found int64
	if hasTables {
		if rows, err = do(s.statements.version); err != nil {
			return 0, err
		}
		if len(rows) == 1 {
			fmt.Sscan(string(rows[0][0]), &found)
		}
	}
	if found >= version {
		_, err := do("COMMIT")
		return found, err
	}
	script := ""
	if !hasSchema {
		script = "CREATE SCHEMA " + s.names.schema + ";\n"
	}
	for found < version {
		found++
		step, err := s.names.step(int(found))
		if err != nil {
			return 0, err
		}
		script += step
	}
	if _, err := do(script + "COMMIT"); err != nil {
		if code(err) == insufficientPrivilege {
			return 0, fmt.Errorf("%w: the role may not make them: have a role that may run what \"copilotkit store schema\" prints: %w", errSchema, err)
		}
		return 0, fmt.Errorf("make the tables: %w", err)
	}
	return found, nil
}
