package postgres

// statements are what a store sends, with the names of its tables. An argument $1 of most
// is the thread, by its key or, of a lease's, by its number; $2 of a lease's is the token.
type statements struct {
	version                               string
	begin, adopt, state, seen, stop       string
	append, held, renew                   string
	keep, discard, unblock                string
	addBlock, trim, addSnapshot, addIDs   string
	ended, vanish                         string
	watch, read                           string
	thread, list, create, created, update string
	remove, clear, snapshot, sweep        string
	lockUser, admit, count, usage         string
	forgetTickets, forgetUsage            string
}

// left is how many microseconds a lease still holds.
const left = `(extract(epoch FROM expires - clock_timestamp()) * 1000000)::bigint`

// wakeFollowers and wakeRun announce a change of a thread on its channels, as columns of
// a query that has the thread's key.
const (
	wakeFollowers = `pg_notify('{channel}r' || encode(uuid_send(key), 'hex'), '')::text`
	wakeRun       = `pg_notify('{channel}s' || encode(uuid_send(key), 'hex'), '')::text`
)

// threadColumns are read by scanThread.
const threadColumns = `owner, thread, name, agent, archived, created, updated, ran`

// microseconds makes an interval of an argument's number.
const microseconds = ` * interval '1 microsecond'`

// today is the number of the day, and at the time with it.
const (
	today = `floor(extract(epoch FROM now()) / 86400)::bigint`
	at    = `at AS (SELECT now, floor(extract(epoch FROM now) / 86400)::bigint AS day FROM (SELECT clock_timestamp() AS now) AS c)`
)

func newStatements(n names) statements {
	return statements{
		version: n.fill(`SELECT version FROM {version}`),

		// A change of a row waits for others of the same row, and then looks at the row
		// again: its condition holds for what the row is then.
		begin: n.fill(`INSERT INTO {threads} AS t (key, owner_key, owner, thread, agent, created, updated, ran,
				was_agent, was_updated, run, first, token, expires)
			SELECT $1, $3, $4, $5, $6, at, at, at, $6, at, $7, 1, $2, at + $8` + microseconds + ` FROM (SELECT clock_timestamp() AS at) AS now
			ON CONFLICT (key) DO UPDATE SET was_agent = t.agent, was_updated = t.updated, was_ran = t.ran,
				agent = excluded.agent, updated = excluded.updated, ran = excluded.ran,
				run = excluded.run, first = t.seq + 1, token = excluded.token, expires = excluded.expires, stop = NULL, done = NULL
			WHERE t.run IS NULL`),
		adopt: n.fill(`UPDATE {threads} SET token = $2, expires = clock_timestamp() + $3` + microseconds + `, stop = NULL
			WHERE key = $1 AND run IS NOT NULL AND expires <= clock_timestamp()`),
		state: n.fill(`SELECT id, seq, parent, run, agent, token = $2, expires > clock_timestamp(), stop IS NOT NULL
			FROM {threads} WHERE key = $1`),
		seen: n.fill(`SELECT id FROM {messages} WHERE thread = (SELECT id FROM {threads} WHERE key = $1) AND id = ANY ($2)`),
		stop: n.fill(`WITH asked AS (UPDATE {threads} SET stop = $2
				WHERE key = $1 AND run IS NOT NULL AND expires > clock_timestamp() AND (stop IS NULL OR stop = $2) AND ($3 = '' OR run = $3)
				RETURNING key)
			SELECT ` + wakeRun + ` FROM asked`),

		append: n.fill(`WITH held AS (UPDATE {threads} SET seq = $4
				WHERE id = $1 AND token = $2 AND expires > clock_timestamp() AND seq >= $3 - 1 AND seq < $4
				RETURNING id, key, stop, watched),
			added AS (INSERT INTO {blocks} (thread, last_seq, records) SELECT id, $4, $5 FROM held)
			SELECT stop IS NOT NULL, (SELECT ` + wakeFollowers + ` WHERE watched > clock_timestamp()) FROM held`),
		held: n.fill(`SELECT stop IS NOT NULL, seq, ` + left + ` FROM {threads}
			WHERE id = $1 AND token = $2 AND expires > clock_timestamp()`),
		renew: n.fill(`UPDATE {threads} SET expires = clock_timestamp() + $3` + microseconds + `
			WHERE id = $1 AND token = $2 AND expires > clock_timestamp() RETURNING stop IS NOT NULL`),

		// The end of a run: those after the first do something only if it has succeeded.
		keep: n.fill(`UPDATE {threads} SET run = NULL, token = NULL, expires = NULL, stop = NULL, done = $2,
				parent = run, kept = true, seq = greatest(seq, $3), updated = clock_timestamp()
			WHERE id = $1 AND token = $2 AND expires > clock_timestamp()`),
		discard: n.fill(`UPDATE {threads} SET run = NULL, token = NULL, expires = NULL, stop = NULL, done = $2,
				agent = was_agent, updated = was_updated, ran = was_ran
			WHERE id = $1 AND token = $2 AND expires > clock_timestamp()`),
		unblock: n.fill(`DELETE FROM {blocks} AS b USING {threads} AS t
			WHERE t.id = $1 AND t.done = $2 AND b.thread = $1 AND b.last_seq >= t.first`),
		addBlock: n.fill(`INSERT INTO {blocks} (thread, last_seq, records) SELECT id, $3, $4 FROM {threads} WHERE id = $1 AND done = $2`),
		trim: n.fill(`DELETE FROM {blocks} AS b USING {threads} AS t WHERE t.id = $1 AND t.done = $2 AND b.thread = $1 AND b.last_seq <=
			(SELECT last_seq FROM {blocks} WHERE thread = $1 ORDER BY last_seq DESC LIMIT 1 OFFSET $3)`),
		addSnapshot: n.fill(`INSERT INTO {snapshots} (thread, messages, state) SELECT id, $3, $4 FROM {threads} WHERE id = $1 AND done = $2
			ON CONFLICT (thread) DO UPDATE SET messages = excluded.messages, state = excluded.state`),
		addIDs: n.fill(`INSERT INTO {messages} (thread, id) SELECT t.id, m.id FROM {threads} AS t, unnest($3) AS m (id)
			WHERE t.id = $1 AND t.done = $2 ON CONFLICT DO NOTHING`),
		ended:  n.fill(`SELECT coalesce(done = $2, false), (SELECT ` + wakeFollowers + ` WHERE watched > clock_timestamp()) FROM {threads} WHERE id = $1`),
		vanish: n.fill(`DELETE FROM {threads} WHERE id = $1 AND done = $2 AND NOT kept`),

		watch: n.fill(`UPDATE {threads} SET watched = clock_timestamp() + $2` + microseconds + `
			WHERE key = $1 AND run IS NOT NULL AND (watched IS NULL OR watched < clock_timestamp() + $3` + microseconds + `)`),
		read: n.fill(`SELECT run, first, ` + left + `, records, t.id FROM {threads} AS t
			LEFT JOIN {blocks} AS b ON b.thread = t.id AND b.last_seq > $2
			WHERE key = $1 ORDER BY last_seq`),

		thread: n.fill(`SELECT ` + threadColumns + ` FROM {threads} WHERE key = $1`),
		list: n.fill(`SELECT ` + threadColumns + `, id FROM {threads}
			WHERE {where} ORDER BY updated DESC, id DESC`),
		create: n.fill(`INSERT INTO {threads} (key, owner_key, owner, thread, agent, name, created, updated, kept, done)
			SELECT $1, $3, $4, $5, $6, $7, at, at, true, $2 FROM (SELECT clock_timestamp() AS at) AS now
			ON CONFLICT DO NOTHING`),
		created: n.fill(`SELECT ` + threadColumns + `, done = $2 FROM {threads} WHERE key = $1`),
		update: n.fill(`UPDATE {threads} SET name = coalesce($2, name), archived = coalesce($3, archived), kept = true,
				created = coalesce($4, created), updated = coalesce($5, clock_timestamp()), ran = CASE WHEN $4 IS NULL THEN ran ELSE $6 END
			WHERE key = $1 RETURNING ` + threadColumns),
		remove: n.fill(`WITH gone AS (DELETE FROM {threads} WHERE key = $1 RETURNING key, run)
			SELECT (SELECT ` + wakeFollowers + ` || ` + wakeRun + ` WHERE run IS NOT NULL) FROM gone`),
		clear: n.fill(`WITH gone AS (DELETE FROM {threads} WHERE id IN (SELECT id FROM {threads} WHERE owner_key = $1 LIMIT $2) RETURNING key, run)
			SELECT (SELECT ` + wakeFollowers + ` || ` + wakeRun + ` WHERE run IS NOT NULL) FROM gone`),
		snapshot: n.fill(`SELECT messages, state FROM {snapshots} WHERE thread = (SELECT id FROM {threads} WHERE key = $1)`),
		sweep: n.fill(`WITH old AS (SELECT id FROM {threads} WHERE updated < now() - $2` + microseconds + ` AND (run IS NULL OR expires <= now())
				ORDER BY updated LIMIT $1 FOR UPDATE SKIP LOCKED)
			DELETE FROM {threads} AS t USING old WHERE t.id = old.id RETURNING 1`),

		lockUser: `SELECT pg_advisory_xact_lock($1)::text`,
		admit: n.fill(`WITH ` + at + `,
			verdict AS (SELECT now, day,
				EXISTS (SELECT FROM {tickets} WHERE user_key = $1 AND id = $2) AS known,
				$6 > 0 AND coalesce((SELECT input + output FROM {usage} AS u WHERE u.day = at.day AND user_key = $1), 0) >= $6 AS spent,
				CASE WHEN $7 > 0 THEN (SELECT begun FROM {tickets}
					WHERE user_key = $1 AND begun > now - interval '1 minute' AND begun <= now + interval '1 minute'
					ORDER BY begun DESC LIMIT 1 OFFSET greatest($7 - 1, 0)) END AS last,
				$8 > 0 AND (SELECT count(*) FROM {tickets}
					WHERE user_key = $1 AND expires > now AND expires <= now + interval '1 minute' + $5` + microseconds + `) >= $8 AS busy
				FROM at),
			admitted AS (SELECT now, day FROM verdict WHERE NOT known AND NOT spent AND last IS NULL AND NOT busy),
			added AS (INSERT INTO {tickets} (user_key, id, begun, used, expires) SELECT $1, $2, now, now, now + $5` + microseconds + ` FROM admitted),
			counted AS (INSERT INTO {usage} AS u (day, user_key, user_name, unlisted, runs) SELECT day, $1, $3, $4, 1 FROM admitted
				ON CONFLICT (day, user_key) DO UPDATE SET runs = u.runs + 1)
			SELECT known, spent, last IS NOT NULL, busy, ((day + 1) * 86400000000 - extract(epoch FROM now) * 1000000)::bigint,
				(extract(epoch FROM last + interval '1 minute' - now) * 1000000)::bigint FROM verdict`),
		count: n.fill(`WITH ` + at + `,
			before AS (SELECT input, output, estimated, expires IS NULL AS released FROM {tickets} WHERE user_key = $1 AND id = $2),
			more AS (SELECT now, day, released IS NULL AS unknown, greatest($6 - coalesce(input, 0), 0) AS input,
				greatest($7 - coalesce(output, 0), 0) AS output, greatest($8 - coalesce(estimated, 0), 0) AS estimated
				FROM at LEFT JOIN before ON true WHERE $9 OR released IS NOT TRUE),
			ticket AS (INSERT INTO {tickets} AS t (user_key, id, begun, used, expires, input, output, estimated)
				SELECT $1, $2, now, now, CASE WHEN NOT $9 THEN now + $5` + microseconds + ` END, input, output, estimated FROM more
				ON CONFLICT (user_key, id) DO UPDATE SET used = excluded.used, expires = excluded.expires,
					input = t.input + excluded.input, output = t.output + excluded.output, estimated = t.estimated + excluded.estimated)
			INSERT INTO {usage} AS u (day, user_key, user_name, unlisted, runs, input, output, estimated)
			SELECT day, $1, $3, $4, CASE WHEN unknown THEN 1 ELSE 0 END, input, output, estimated FROM more
			WHERE unknown OR input > 0 OR output > 0 OR estimated > 0
			ON CONFLICT (day, user_key) DO UPDATE SET runs = u.runs + excluded.runs, input = u.input + excluded.input,
				output = u.output + excluded.output, estimated = u.estimated + excluded.estimated`),
		usage: n.fill(`SELECT day, user_name, runs, input, output, estimated FROM {usage} WHERE {where} ORDER BY day, user_name`),
		forgetTickets: n.fill(`DELETE FROM {tickets} WHERE (user_key, id) IN (SELECT user_key, id FROM {tickets}
			WHERE used < now() - interval '1 hour' AND (expires IS NULL OR expires < now() - interval '1 hour')
			LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1`),
		forgetUsage: n.fill(`DELETE FROM {usage} WHERE (day, user_key) IN (SELECT day, user_key FROM {usage}
			WHERE day <= ` + today + ` - $2 OR unlisted AND day < ` + today + ` LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1`),
	}
}
