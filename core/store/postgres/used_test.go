package postgres_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
)

// used is the tables that tests have done with. To make some costs the server more than
// most tests do, so that the next test has them, without what was in them.
type used struct {
	server *postgrestest.Server

	mu       sync.Mutex
	prefixes []string
}

// take returns the prefix of tables that are empty or not there. A test that passes gives
// them back when it has closed its stores.
func (u *used) take(t *testing.T) string {
	t.Helper()
	u.mu.Lock()
	var taken string
	if last := len(u.prefixes) - 1; last >= 0 {
		taken, u.prefixes = u.prefixes[last], u.prefixes[:last]
	}
	u.mu.Unlock()
	if taken == "" {
		taken = prefix()
	}
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		u.server.Exec(t, fmt.Sprintf(emptied, taken))
		u.mu.Lock()
		defer u.mu.Unlock()
		u.prefixes = append(u.prefixes, taken)
	})
	return taken
}

// emptied empties the tables with a prefix. The lock waits for what a store was doing
// when it was closed.
const emptied = `DO $do$
DECLARE
	name text;
BEGIN
	FOR name IN SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = 'copilotkit' AND tablename LIKE '%s%%'
		AND tablename NOT LIKE '%%version'
	LOOP
		EXECUTE 'LOCK TABLE copilotkit.' || name;
		EXECUTE 'DELETE FROM copilotkit.' || name;
	END LOOP;
END $do$`
