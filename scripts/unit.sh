#!/usr/bin/env bash
# Usage: unit.sh [compile]
# Runs the Go tests with the race detector, or only compiles what they need.
#
# Where very many goroutines begin and end in testing/synctest's bubbles, the detector
# itself fails now and then ("ThreadSanitizer: CHECK failed" in tsan_rtl.cpp, see
# https://go.dev/issue/78156), and the test's process with it. Packages that failed in
# this way alone are run again, once.
set -uo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}

# With -trimpath what is compiled in one copy of the repository is there for others.
race=(-race -trimpath)
# SQLite and its libc are translated C with memory outside the Go heap, at which neither
# the detector nor checkptr looks: they make it five times slower and see nothing.
for translated in modernc.org/libc/... modernc.org/sqlite/lib; do
	race+=("-gcflags=$translated=-race=false -d=checkptr=0")
done

if [ "${1-}" = compile ]; then
	exec "$go" list -export -test "${race[@]}" ./... >/dev/null
fi

# Many tests wait for a timeout or the end of a lease, so more tests, and packages, go on
# at once than there are processors. Those that wait longest begin first.
# make lint vets.
#
# Results aren't taken from the cache: Go doesn't see the source of the programs that
# tests build, and would take those of other copies.
flags=("${race[@]}" -count=1 -parallel=8 -p=4 -vet=off "-exec='$PWD/scripts/pinned.sh'")
first=(./test/image ./test/integration ./test/hostile ./core/agent/mcp ./core/store/... ./lambda)
# A process of the detector sleeps for a second before it exits, for goroutines that are
# still running. The tests leave none.
export GORACE="${GORACE:-} atexit_sleep_ms=0"

output=$(mktemp)
trap 'rm -f "$output"' EXIT
"$go" test "${flags[@]}" "${first[@]}" ./... 2>&1 | tee "$output" && exit 0

# What a package prints comes before its verdict.
failed=$(awk -F'\t' '/^FAIL\t/ {print $2}' "$output")
crashed=$(awk -F'\t' '/^ThreadSanitizer: CHECK failed/ {crash = 1} /^(ok|FAIL)[ \t]/ {if (crash && $1 == "FAIL") print $2; crash = 0}' "$output")
if [ -z "$crashed" ] || [ "$crashed" != "$failed" ]; then
	exit 1
fi
echo "The race detector has failed itself. Again:" $crashed
# shellcheck disable=SC2086 # one argument each
"$go" test "${flags[@]}" $crashed
