#!/usr/bin/env bash
# Usage: each-module.sh FOLDER COMMAND...
# Runs a command in every Go module in or below a folder. Fails if the command fails
# in any of them.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
shift

status=0
while read -r mod; do
	module=$(dirname "$mod")
	echo "$module: $*"
	(cd "$module" && "$@") || status=1
done < <(git ls-files "$folder/go.mod" "$folder/**/go.mod")
exit $status
