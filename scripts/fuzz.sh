#!/bin/sh
# Runs every fuzz target of the module, one after the other, each for $1 (10m). What it
# finds is written to testdata/fuzz beside the target, and fails the unit tests from
# then on.
set -eu
cd "$(dirname "$0")/.."
time=${1:-10m}
only=${2:-.}
failed=""
for file in $(grep -rl --include='*_test.go' --exclude-dir=node_modules '^func Fuzz' . | sort); do
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
		package=$(dirname "$file")
		case "$package $target" in *$only*) ;; *) [ "$only" = . ] || continue ;; esac
		echo "== $package $target"
		${GO:-go} test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time" || failed="$failed $package:$target"
	done
done
if [ -n "$failed" ]; then
	echo "failed:$failed" >&2
	exit 1
fi
