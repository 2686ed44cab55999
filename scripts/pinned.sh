#!/usr/bin/env bash
# Usage: pinned.sh PROGRAM ARGUMENT...
# Runs a program with the race detector on one processor, of which it takes another than
# the programs that are running in the same way.
#
# The detector's memory is read before it is written, and with every page that is written
# first Linux interrupts the other processors that the program is on. That costs as much as
# all else. What goes on at once is still on as many threads, which take turns anywhere,
# and the detector finds races whether or not they happen.
set -euo pipefail
if [ ! -r /proc/self/status ] || ! command -v taskset >/dev/null || ! command -v flock >/dev/null; then
	exec "$@"
fi
mapfile -t processors < <(awk '/^Cpus_allowed_list/ {
	n = split($2, ranges, ",")
	for (i = 1; i <= n; i++) {
		split(ranges[i] "-" ranges[i], ends, "-")
		for (p = ends[1]; p <= ends[2]; p++) print p
	}
}' /proc/self/status)
export GOMAXPROCS=${#processors[@]}

places=$(dirname "$0")/../.cache/pinned
mkdir -p "$places"
# A place is free again when the program, and all that it started, have ended.
for round in 1 2 3 4; do
	for processor in "${processors[@]}"; do
		exec {place}>"$places/$processor-$round"
		if flock --nonblock "$place"; then
			exec taskset --cpu-list "$processor" "$@"
		fi
		exec {place}>&-
	done
done
exec "$@"
