-- Texts are bytea, since text can't hold every string that clients may use as an id; in
-- psql convert_from(name, 'UTF8') shows one. What is looked up by such a string is looked
-- up by a uuid, which is the beginning of its SHA-256.

-- One row: the version of these tables.
CREATE TABLE {version} (version bigint NOT NULL);

CREATE TABLE {threads} (
	id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	-- Of owner and thread, and of the owner.
	key       uuid        NOT NULL UNIQUE,
	owner_key uuid        NOT NULL,
	owner     bytea       NOT NULL,
	thread    bytea       NOT NULL,
	name      bytea       NOT NULL DEFAULT '',
	agent     bytea       NOT NULL,
	archived  boolean     NOT NULL DEFAULT false,
	created   timestamptz NOT NULL,
	updated   timestamptz NOT NULL,
	ran       timestamptz,
	-- Whether it outlives a first run that leaves no trace.
	kept      boolean     NOT NULL DEFAULT false,
	-- The seq of the last record, and the last finished run.
	seq       bigint      NOT NULL DEFAULT 0,
	parent    bytea       NOT NULL DEFAULT '',
	-- The unfinished run, its first seq (which stays when it is finished), its lease, and
	-- who has asked it to stop.
	run       bytea,
	first     bigint,
	token     uuid,
	expires   timestamptz,
	stop      uuid,
	-- Who has finished the last run, or made the thread: by it a repeated call is known.
	done      uuid,
	-- Until when somebody waits for records and wants to be notified.
	watched   timestamptz,
	-- What it was, for a run that leaves no trace.
	was_agent   bytea,
	was_updated timestamptz,
	was_ran     timestamptz
) WITH (fillfactor = 50); -- room for the versions of a row that a run's batches make
CREATE INDEX {prefix}threads_by_owner ON {threads} (owner_key, updated, id);
CREATE INDEX {prefix}threads_by_update ON {threads} (updated, id);

-- Records: a block for each batch of the unfinished run, and one for each finished run.
CREATE TABLE {blocks} (
	thread   bigint NOT NULL REFERENCES {threads} (id) ON DELETE CASCADE,
	last_seq bigint NOT NULL,
	records  bytea  NOT NULL,
	PRIMARY KEY (thread, last_seq)
);

-- The ids of the messages that a thread has.
CREATE TABLE {messages} (
	thread bigint NOT NULL REFERENCES {threads} (id) ON DELETE CASCADE,
	id     uuid   NOT NULL,
	PRIMARY KEY (thread, id)
);

CREATE TABLE {snapshots} (
	thread   bigint PRIMARY KEY REFERENCES {threads} (id) ON DELETE CASCADE,
	messages bytea,
	state    bytea
);

-- What users spend: the runs that were let in, those that go on, and for an hour those
-- that have ended, so that nothing is counted twice.
CREATE TABLE {tickets} (
	user_key  uuid        NOT NULL,
	id        uuid        NOT NULL,
	-- When it was let in, and when it was last heard of.
	begun     timestamptz NOT NULL,
	used      timestamptz NOT NULL,
	-- When its place is free; NULL once it was released.
	expires   timestamptz,
	-- What of it is counted.
	input     bigint      NOT NULL DEFAULT 0,
	output    bigint      NOT NULL DEFAULT 0,
	estimated bigint      NOT NULL DEFAULT 0,
	PRIMARY KEY (user_key, id)
);
CREATE INDEX {prefix}tickets_by_begin ON {tickets} (user_key, begun);
CREATE INDEX {prefix}tickets_by_use ON {tickets} (used);

-- Days are counted from 1970 on, in UTC.
CREATE TABLE {usage} (
	day       bigint  NOT NULL,
	user_key  uuid    NOT NULL,
	user_name bytea   NOT NULL,
	-- Whether it is kept for its day's limit alone.
	unlisted  boolean NOT NULL DEFAULT false,
	runs      bigint  NOT NULL DEFAULT 0,
	input     bigint  NOT NULL DEFAULT 0,
	output    bigint  NOT NULL DEFAULT 0,
	estimated bigint  NOT NULL DEFAULT 0,
	PRIMARY KEY (day, user_key)
);
CREATE INDEX {prefix}usage_by_user ON {usage} (user_key, day);
CREATE INDEX {prefix}usage_unlisted ON {usage} (day) WHERE unlisted;
