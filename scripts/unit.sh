#!/usr/bin/env bash
# Runs the Go tests with the race detector. Where very many goroutines begin and end, the
# detector itself fails now and then ("ThreadSanitizer: CHECK failed" in tsan_rtl.cpp),
# and the test's process with it. Packages that failed in this way alone are run again,
# once.
set -uo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
# Many tests wait for a timeout or the end of a lease, so more of them go on at once
# than there are processors.
flags=(-race -parallel=8)

output=$(mktemp)
trap 'rm -f "$output"' EXIT
"$go" test "${flags[@]}" ./... 2>&1 | tee "$output" && exit 0

# What a package prints comes before its verdict.
failed=$(awk -F'\t' '/^FAIL\t/ {print $2}' "$output")
crashed=$(awk -F'\t' '/^ThreadSanitizer: CHECK failed/ {crash = 1} /^(ok|FAIL)[ \t]/ {if (crash && $1 == "FAIL") print $2; crash = 0}' "$output")
if [ -z "$crashed" ] || [ "$crashed" != "$failed" ]; then
	exit 1
fi
echo "The race detector has failed itself. Again:" $crashed
# shellcheck disable=SC2086 # one argument each
"$go" test "${flags[@]}" $crashed
