#!/usr/bin/env bash
# Usage: unit.sh [compile]
# Runs the Go tests with the race detector, or only compiles what they need. Packages in
# which nothing has changed since they passed aren't tested again, unless GOFLAGS has
# -count=1, or they run programs whose source Go doesn't see.
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
# at once than there are processors. make lint vets.
flags=("${race[@]}" -parallel=8 -p=2 -vet=off)
# A process of the detector sleeps for a second before it exits, for goroutines that are
# still running. The tests leave none.
export GORACE="${GORACE:-} atexit_sleep_ms=0"
# Go tests again what has asked for a variable that has changed. The test servers of
# stores ask for this one.
TEST_SERVERS=$(cat /var/lib/dpkg/status test/tools/dynamodb/* 2>/dev/null | cksum)
export TEST_SERVERS

# The detector's memory is read before it is written, and with every page that is written
# first Linux interrupts the other processors that the program is on. That costs as much
# as all else, so each processor has its own packages. What goes on at once in one is
# still on as many threads, which take turns anywhere, and the detector finds races
# whether or not they happen.
processors=("")
if [ -r /proc/self/status ] && command -v taskset >/dev/null; then
	# shellcheck disable=SC2207 # numbers, and macOS has a bash without mapfile
	processors=($(awk '/^Cpus_allowed_list/ {
		n = split($2, ranges, ",")
		for (i = 1; i <= n; i++) {
			split(ranges[i] "-" ranges[i], ends, "-")
			for (p = ends[1]; p <= ends[2]; p++) print p
		}
	}' /proc/self/status))
	export GOMAXPROCS=${#processors[@]}
fi
places=${#processors[@]}
if [ "$places" -eq 0 ]; then
	echo "unit: /proc/self/status names no processor to test on." >&2
	exit 1
fi

# The packages with tests, those that take longest first. What runs programs is always
# tested.
listed=$("$go" list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{join .TestImports " "}} {{join .XTestImports " "}} {{end}}' \
	./test/integration ./lambda ./test/image ./test/access ./core/store/postgres ./core/store/dynamodb ./scripts/packagelambda \
	./core/agent/mcp ./test/hostile ./core/store/redis ./core ./core/store/transfer ./test/dialecttest ./...) || exit
runs=' (os/exec|[^ ]+/test/platformtest) '
[[ " ${GOFLAGS-} " == *" -count"* ]] && runs=
always=$(grep -E "$runs" <<<"$listed" | cut -d' ' -f1 | awk '!seen[$0]++')
others=$(grep -Ev "$runs" <<<"$listed" | cut -d' ' -f1 | awk '!seen[$0]++')

# at PLACE FLAG PACKAGE... tests the place's share of the packages.
at() {
	local processor=${processors[$1]} mine=() i
	for ((i = $1 + 3; i <= $#; i += places)); do
		mine+=("${!i}")
	done
	[ ${#mine[@]} -eq 0 ] && return
	${processor:+taskset --cpu-list "$processor"} "$go" test "${flags[@]}" ${2:+"$2"} "${mine[@]}" || : >"$folder/failed"
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for place in "${!processors[@]}"; do
	{
		# shellcheck disable=SC2086 # one argument each
		at "$place" -count=1 $always
		# shellcheck disable=SC2086
		at "$place" "" $others
	} 2>&1 | tee "$folder/$place" &
done
wait

[ -e "$folder/failed" ] || exit 0
# What a package prints comes before its verdict.
failed=$(awk -F'\t' '/^FAIL\t/ {print $2}' "$folder"/*)
crashed=$(awk -F'\t' '/^ThreadSanitizer: CHECK failed/ {crash = 1} /^(ok|FAIL)[ \t]/ {if (crash && $1 == "FAIL") print $2; crash = 0}' "$folder"/*)
if [ -z "$crashed" ] || [ "$crashed" != "$failed" ]; then
	exit 1
fi
echo "The race detector has failed itself. Again:" $crashed
# shellcheck disable=SC2086 # one argument each
"$go" test "${flags[@]}" -count=1 $crashed
