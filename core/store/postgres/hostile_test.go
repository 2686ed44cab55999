package postgres_test

// shadows makes, for each operator and pair of plain types that the server itself doesn't
// have, one in the schema public, and functions with arguments that fit better than those
// of the server's own: whoever may create in a schema that the role searches could have
// the role call them. All of them fail.
const shadows = `
CREATE FUNCTION public.shadow(anyelement) RETURNS anyelement LANGUAGE plpgsql AS $f$ BEGIN RAISE 'a function in public was called'; END $f$;
DO $do$
DECLARE
	l text; r text; op text; kind text; result text;
	types text[] := ARRAY['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision', 'interval', 'timestamptz', 'timestamp', 'date', 'text', 'varchar', 'name', 'bytea', 'uuid', 'boolean', 'oid'];
BEGIN
	FOREACH l IN ARRAY types LOOP FOREACH r IN ARRAY types LOOP
		EXECUTE format('CREATE FUNCTION public.shadow_any(%s, %s) RETURNS %1$s LANGUAGE plpgsql AS $f$ BEGIN RAISE ''an operator in public was called''; END $f$', l, r);
		EXECUTE format('CREATE FUNCTION public.shadow_bool(%s, %s) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN RAISE ''an operator in public was called''; END $f$', l, r);
		FOREACH op IN ARRAY ARRAY['+', '-', '*', '/', '||', '=', '<', '>', '<=', '>=', '<>'] LOOP
			kind := CASE WHEN op IN ('+', '-', '*', '/', '||') THEN 'any' ELSE 'bool' END;
			EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.shadow_%s)', op, l, r, kind);
		END LOOP;
	END LOOP; END LOOP;
	FOREACH l IN ARRAY types LOOP
		EXECUTE format('CREATE FUNCTION public.unnest(%s[]) RETURNS SETOF %1$s LANGUAGE plpgsql AS $f$ BEGIN RAISE ''unnest in public was called''; END $f$', l);
		EXECUTE format('CREATE FUNCTION public.floor(%s) RETURNS %1$s LANGUAGE plpgsql AS $f$ BEGIN RAISE ''floor in public was called''; END $f$', l);
		EXECUTE format('CREATE FUNCTION public.encode(%s, varchar) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RAISE ''encode in public was called''; END $f$', l);
		EXECUTE format('CREATE FUNCTION public.pg_notify(%s, varchar) RETURNS void LANGUAGE plpgsql AS $f$ BEGIN RAISE ''pg_notify in public was called''; END $f$', l);
		EXECUTE format('CREATE AGGREGATE public.count(%s) (SFUNC = public.shadow_any, STYPE = %1$s)', l);
	END LOOP;
	FOREACH l IN ARRAY ARRAY['smallint', 'integer', 'numeric', 'real', 'double precision'] LOOP
		EXECUTE format('CREATE FUNCTION public.pg_advisory_xact_lock(%s) RETURNS void LANGUAGE plpgsql AS $f$ BEGIN RAISE ''pg_advisory_xact_lock in public was called''; END $f$', l);
	END LOOP;
END $do$;
CREATE TABLE public.threads (); CREATE TABLE public.version (version int); INSERT INTO public.version VALUES (99)`
