#!/usr/bin/env bash
# Usage: steady.sh TIMES SUITE...
# Runs each suite, a target of the Makefile, a number of times while two busy loops
# use the processors, and prints how often each passed. The output of failed runs is
# kept in .cache/steady. Fails unless every run has passed.
set -euo pipefail
cd "$(dirname "$0")/.."
times=$1
shift

logs=.cache/steady
mkdir -p "$logs"
loops=()
trap 'kill "${loops[@]}" 2>/dev/null || true' EXIT
for _ in 1 2; do
	while :; do :; done &
	loops+=($!)
done

status=0
table=$(printf '%-14s %9s %s' suite passed "seconds, least to most")
for suite in "$@"; do
	passed=0
	seconds=()
	for run in $(seq "$times"); do
		log=$logs/$suite-$run.log
		began=$SECONDS
		# Cached results of Go tests prove nothing.
		if GOFLAGS="${GOFLAGS:-} -count=1" make --no-print-directory "$suite" >"$log" 2>&1; then
			passed=$((passed + 1))
			rm "$log"
			verdict=passed
		else
			status=1
			verdict="FAILED, see $log"
		fi
		seconds+=($((SECONDS - began)))
		printf '%s %d of %d: %s (%d s)\n' "$suite" "$run" "$times" "$verdict" $((SECONDS - began))
	done
	mapfile -t sorted < <(printf '%s\n' "${seconds[@]}" | sort -n)
	table+=$(printf '\n%-14s %4d of %d %d to %d' "$suite" "$passed" "$times" "${sorted[0]}" "${sorted[-1]}")
done
printf '\n%s\n' "$table"
exit $status
