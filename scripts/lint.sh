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

while read -r mod; do
	module=$(dirname "$mod")
	echo "lint: module $module"
	if ! (cd "$module" && go mod tidy -diff >/dev/null 2>&1); then
		echo "$module/go.mod is not tidy; run make tidy" >&2
		status=1
	fi
	(cd "$module" && go vet ./... && go tool -modfile="$root/test/tools/go.mod" staticcheck ./...) || status=1
done < <(git ls-files go.mod '*/go.mod')

# make dependencies fails for the same; without a network this still ends.
(cd test/tools && go run ./toolchain -warn) || status=1

# Once there is a version, changes of the API must be those that the next one may
# have. CONTRIBUTING.md says which.
if tag=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null); then
	echo "lint: the API since $tag"
	go tool -modfile=test/tools/go.mod gorelease -base="$tag" || status=1
fi
exit $status
