#!/usr/bin/env bash
# Usage: steady.sh TIMES SUITE...
# Runs the suites, targets of the Makefile, TIMES times each, while two busy loops use the
# processors: the first suite again and again, which takes as long as the others together,
# and beside it the others one after the other. Prints how often each passed, when it is
# stopped as well. The output of failed runs is kept in .cache/steady. Fails unless every
# run has passed.
set -euo pipefail
cd "$(dirname "$0")/.."
times=$1
shift

logs=.cache/steady
mkdir -p "$logs"
results=$(mktemp)

# run NUMBER SUITE runs a suite.
run() {
	local log=$logs/$2-$1.log began=$SECONDS verdict
	# Cached results of Go tests prove nothing.
	if GOFLAGS="${GOFLAGS:-} -count=1" make --no-print-directory "$2" >"$log" 2>&1; then
		rm "$log"
		verdict=passed
	else
		verdict="FAILED, see $log"
	fi
	printf '%s %d of %d: %s (%d s)\n' "$2" "$1" "$times" "$verdict" $((SECONDS - began)) | tee -a "$results"
}

# lane SUITE... runs suites in turn.
lane() {
	local number suite
	for ((number = 1; number <= times; number++)); do
		for suite in "$@"; do
			run "$number" "$suite"
		done
	done
}

finish() {
	local all
	exec 2>/dev/null # the shell tells of each that it ends
	# All that they have begun, in whatever group.
	all=$(ps -eo pid,ppid | awk -v begun="${processes[*]}" '
		function family(process, n, i, own) {
			print process
			n = split(children[process], own, " ")
			for (i = 1; i <= n; i++) family(own[i])
		}
		{ children[$2] = children[$2] " " $1 }
		END {
			n = split(begun, first, " ")
			for (i = 1; i <= n; i++) family(first[i])
		}') || all=${processes[*]/#/-} # where there is no ps, their groups
	# shellcheck disable=SC2086 # one argument each
	kill -- $all || true
	# What a test has frozen ends once it goes on.
	# shellcheck disable=SC2086
	kill -CONT -- $all || true
	printf '\n%-14s %9s %s\n' suite passed "seconds, least to most"
	awk -v suites="$*" -v times="$times" '
		{
			seconds = substr($(NF - 1), 2) + 0
			if (!ran[$1]++ || seconds < least[$1]) least[$1] = seconds
			if (seconds > most[$1]) most[$1] = seconds
			if ($5 == "passed") passed[$1]++
		}
		END {
			n = split(suites, names, " ")
			for (i = 1; i <= n; i++) {
				name = names[i]
				printf "%-14s %4d of %d %d to %d\n", name, passed[name], ran[name], least[name], most[name]
				if (passed[name] < times) missing = 1
			}
			exit missing
		}' "$results" || status=1
	rm "$results"
	exit "${status:-0}"
}

# Each has a process group of its own: an interrupt from the terminal is for this script, which
# ends them.
set -m
processes=()
trap 'finish "$@"' EXIT
trap 'exit 1' INT TERM
for _ in 1 2; do
	while :; do :; done &
	processes+=($!)
done
lane "$1" &
lanes=($!)
lane "${@:2}" &
lanes+=($!)
processes+=("${lanes[@]}")
wait "${lanes[@]}"
