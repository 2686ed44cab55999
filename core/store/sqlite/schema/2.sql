-- What users spend. Times are in microseconds since 1970, days are counted from then.

-- The runs that were let in: those that go on, and for an hour those that have ended,
-- so that nothing is counted twice.
CREATE TABLE tickets (
	user      TEXT    NOT NULL,
	id        TEXT    NOT NULL,
	-- When it was let in, and when it was last heard of.
	begun     INTEGER NOT NULL,
	used      INTEGER NOT NULL,
	-- When its place is free; NULL once it was released.
	expires   INTEGER,
	-- What of it is counted.
	input     INTEGER NOT NULL DEFAULT 0,
	output    INTEGER NOT NULL DEFAULT 0,
	estimated INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (user, id)
) WITHOUT ROWID;
CREATE INDEX tickets_by_begin ON tickets (user, begun);
CREATE INDEX tickets_by_expiry ON tickets (user, expires) WHERE expires IS NOT NULL;
CREATE INDEX tickets_by_use ON tickets (used);

CREATE TABLE usage (
	day       INTEGER NOT NULL,
	user      TEXT    NOT NULL,
	-- Whether it is kept for its day's limit alone.
	unlisted  INTEGER NOT NULL DEFAULT 0,
	runs      INTEGER NOT NULL DEFAULT 0,
	input     INTEGER NOT NULL DEFAULT 0,
	output    INTEGER NOT NULL DEFAULT 0,
	estimated INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (day, user)
) WITHOUT ROWID;
CREATE INDEX usage_by_user ON usage (user, day);
CREATE INDEX usage_unlisted ON usage (day) WHERE unlisted = 1;
