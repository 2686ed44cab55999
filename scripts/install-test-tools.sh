#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: Node.js, the servers Redis,
# PostgreSQL and PgBouncer, a browser, and FastAPI with Uvicorn from Debian's packages,
# cfn-lint from Python's, and the npm packages of every folder that has a lockfile. Fails
# with a message if it can't. A second run has nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."

have() { command -v "$1" >/dev/null; }
may_install() { have apt-get && [ "$(id -u)" = 0 ]; }

node=() # npm has to be there before its packages
servers=()
have node || node+=(nodejs)
have npm || node+=(npm)
have redis-server || servers+=(redis-server)
have pgbouncer || servers+=(pgbouncer)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || servers+=(postgresql)
# The shell takes half of the time that Chromium takes, so that it is installed beside it
# where anything can be.
have chromium-headless-shell || { have chromium && ! may_install; } || servers+=(chromium-headless-shell)
# Looking for a package is much cheaper than importing it.
finds() { "$1" -c 'import sys; from importlib.util import find_spec; sys.exit(None in map(find_spec, sys.argv[1:]))' "${@:2}" 2>/dev/null; }
has_cfn_lint() { finds python3 cfnlint; }
has_cfn_lint || servers+=(python3 python3-pip)
# Debian's own Python has them, also where another python3 comes first.
has_fastapi() { finds python3 fastapi uvicorn || finds /usr/bin/python3 fastapi uvicorn; }
has_fastapi || servers+=(python3-fastapi python3-uvicorn)
have curl || servers+=(curl)

install() {
	[ $# -eq 0 ] && return
	echo "Installing $*"
	"${apt[@]}" install --no-install-recommends "$@" >/dev/null
}

if [ $((${#node[@]} + ${#servers[@]})) -gt 0 ]; then
	if ! may_install; then
		echo "The tests need these programs: ${node[*]} ${servers[*]}." >&2
		echo "Install them, or run this as root on Debian or Ubuntu: $0" >&2
		exit 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt=(apt-get -qq -y -o DPkg::Lock::Timeout=600)
	"${apt[@]}" update
	# Keep Debian from starting the servers; the tests start their own.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
		trap 'rm -f "$policy"' EXIT
	fi
	install "${node[@]}"
fi

# The rest of Debian's packages comes beside those of npm.
{
	install "${servers[@]}" &&
		{ has_cfn_lint || python3 -m pip install --quiet --break-system-packages cfn-lint==1.51.0; }
} &
installs=($!)
while read -r lockfile; do
	folder=$(dirname "$lockfile")
	# npm writes its copy of the lockfile last, when everything is installed.
	if [ "$folder/node_modules/.package-lock.json" -nt "$lockfile" ]; then
		continue
	fi
	echo "Installing npm packages in $folder"
	# Install what the lockfile says. npm ci would refuse a lockfile that lacks the
	# optional packages of other systems.
	(cd "$folder" && npm install --prefer-offline --no-save --no-audit --no-fund --loglevel=error) &
	installs+=($!)
done < <(git ls-files '*package-lock.json')

status=0
for install in "${installs[@]}"; do
	wait "$install" || status=1
done
exit $status
