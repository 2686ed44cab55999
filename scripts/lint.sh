#!/usr/bin/env bash
# gofmt, go mod tidy, go vet and staticcheck over every Go module of the
# repository, and a syntax check of its scripts. test/tools/go.mod says which staticcheck.
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
exit $status
