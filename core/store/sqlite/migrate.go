package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
)

// schema holds the steps from each version of the file to the next: 1.sql makes
// version 1 out of an empty file. What has been released doesn't change.
//
//go:embed schema/*.sql
var schema embed.FS

const version = 2

// migrate brings the file to the present version, in one transaction: another
// process that opens it meanwhile waits, and finds it done.
func migrate(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var found, tables int
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&found); err != nil {
		return err
	}
	if found == version {
		return nil
	}
	if found > version {
		return fmt.Errorf("the file has schema version %d, and this program knows up to %d: use a newer one", found, version)
	}
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return err
	}
	if found == 0 && tables > 0 {
		return errors.New("the file is another program's database")
	}
	for found < version {
		found++
		step, err := schema.ReadFile(fmt.Sprintf("schema/%d.sql", found))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, string(step)); err != nil {
			return fmt.Errorf("bring the file to schema version %d: %w", found, err)
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, version)); err != nil {
		return err
	}
	return tx.Commit()
}
