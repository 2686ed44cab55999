#!/usr/bin/env bash
# gofmt, go mod tidy, go vet and staticcheck over every Go module of the
# repository, a syntax check of its scripts, and gorelease where there is a
# version. test/tools/go.mod says which staticcheck and gorelease.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
status=0

unformatted=$(git ls-files -z '*.go' | xargs -0 gofmt -l)
if [ -n "$unformatted" ]; then
	printf 'Not formatted; run gofmt -w on:\n%s\n' "$unformatted" >&2
	status=1
fi

while read -r script; do
	bash -n "$script" || status=1
done < <(git ls-files '*.sh' .ci/run)

lint() {
	echo "lint: module $1"
	local status=0
	if ! (cd "$1" && go mod tidy -diff >/dev/null 2>&1); then
		echo "$1/go.mod is not tidy; run make tidy" >&2
		status=1
	fi
	(cd "$1" && go vet ./... && go tool -modfile="$root/test/tools/go.mod" staticcheck ./...) || status=1
	return $status
}

# The root's module takes as long as all others together.
others=$(mktemp)
trap 'rm -f "$others"' EXIT
{
	failed=0
	while read -r mod; do
		lint "$(dirname "$mod")" || failed=1
	done < <(git ls-files '*/go.mod')
	exit $failed
} >"$others" 2>&1 &
lint . || status=1
wait $! || status=1
cat "$others"

# make dependencies fails for the same; without a network this still ends.
(cd test/tools && go run ./toolchain -warn) || status=1

# Once there is a version, changes of the API must be those that the next one may
# have. CONTRIBUTING.md says which.
if tag=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null); then
	echo "lint: the API since $tag"
	go tool -modfile=test/tools/go.mod gorelease -base="$tag" || status=1
fi
exit $status
