CREATE TABLE threads (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	owner    TEXT    NOT NULL,
	thread   TEXT    NOT NULL,
	name     TEXT    NOT NULL DEFAULT '',
	agent    TEXT    NOT NULL,
	archived INTEGER NOT NULL DEFAULT 0,
	-- Times are in microseconds since 1970.
	created  INTEGER NOT NULL,
	updated  INTEGER NOT NULL,
	ran      INTEGER,
	-- Whether it outlives a first run that leaves no trace.
	kept     INTEGER NOT NULL DEFAULT 0,
	-- The Seq of the last record, and the last finished run.
	seq      INTEGER NOT NULL DEFAULT 0,
	parent   TEXT    NOT NULL DEFAULT '',
	-- The unfinished run, its first Seq, and its lease.
	run      TEXT,
	first    INTEGER,
	token    TEXT,
	expires  INTEGER,
	stopped  INTEGER NOT NULL DEFAULT 0,
	-- What it was, for a run that leaves no trace.
	was_agent   TEXT,
	was_updated INTEGER,
	was_ran     INTEGER,
	-- The number of its last change, counted over all threads.
	change   INTEGER NOT NULL DEFAULT 0,
	UNIQUE (owner, thread)
);
CREATE INDEX threads_by_update ON threads (owner, updated DESC, thread);
CREATE INDEX threads_by_age ON threads (updated);
CREATE INDEX threads_by_change ON threads (change);

-- Records: a block for each batch of the unfinished run, and one for each
-- finished run.
CREATE TABLE blocks (
	thread   INTEGER NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
	last_seq INTEGER NOT NULL,
	records  BLOB    NOT NULL,
	UNIQUE (thread, last_seq)
);

-- The ids of the messages that a thread has.
CREATE TABLE messages (
	thread INTEGER NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
	id     TEXT    NOT NULL,
	PRIMARY KEY (thread, id)
) WITHOUT ROWID;

CREATE TABLE snapshots (
	thread   INTEGER PRIMARY KEY REFERENCES threads (id) ON DELETE CASCADE,
	messages BLOB,
	state    BLOB
);

-- One row: the number of the last change, and of the last one that removed
-- threads. Other processes see by it where to look.
CREATE TABLE changes (
	last    INTEGER NOT NULL,
	removal INTEGER NOT NULL
);
INSERT INTO changes VALUES (0, 0);
