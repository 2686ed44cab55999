#!/usr/bin/env bash
# Usage: steady.sh TIMES SUITE...
# Runs the suites, targets of the Makefile, one after the other, round after round, while
# two busy loops use the processors, and prints how often each passed, when it is stopped
# as well. The output of failed runs is kept in .cache/steady. Fails unless every run has
# passed.
set -euo pipefail
cd "$(dirname "$0")/.."
times=$1
shift

logs=.cache/steady
mkdir -p "$logs"
declare -A passed ran least most

finish() {
	kill "${loops[@]}" 2>/dev/null || true
	printf '\n%-14s %9s %s\n' suite passed "seconds, least to most"
	for suite in "$@"; do
		printf '%-14s %4d of %d %d to %d\n' "$suite" "${passed[$suite]:-0}" "${ran[$suite]:-0}" "${least[$suite]:-0}" "${most[$suite]:-0}"
	done
}
loops=()
trap 'finish "$@"' EXIT
trap 'exit 1' INT TERM
for _ in 1 2; do
	while :; do :; done &
	loops+=($!)
done

status=0
for round in $(seq "$times"); do
	for suite in "$@"; do
		log=$logs/$suite-$round.log
		began=$SECONDS
		# Cached results of Go tests prove nothing.
		if GOFLAGS="${GOFLAGS:-} -count=1" make --no-print-directory "$suite" >"$log" 2>&1; then
			passed[$suite]=$((${passed[$suite]:-0} + 1))
			rm "$log"
			verdict=passed
		else
			status=1
			verdict="FAILED, see $log"
		fi
		took=$((SECONDS - began))
		ran[$suite]=$((${ran[$suite]:-0} + 1))
		((took < ${least[$suite]:-took + 1})) && least[$suite]=$took
		((took > ${most[$suite]:--1})) && most[$suite]=$took
		printf 'round %d of %d: %s %s (%d s)\n' "$round" "$times" "$suite" "$verdict" "$took"
	done
done
exit $status
