#!/usr/bin/env bash
# Usage: try.sh [WHAT TO SAY]
# Sends a run through a runtime with curl and prints its events as they come, then asks for the
# thread as a reloaded page does. RUNTIME is the runtime's address, AGENT the agent's name, TOKEN
# what the runtime lets in, if it wants one.
set -euo pipefail

runtime=${RUNTIME:-http://127.0.0.1:8080/api/copilotkit}
agent=${AGENT:-default}
say=${*:-hello}

case $say in
*[\"\\]*)
	echo "try.sh: no quotes and backslashes, please" >&2
	exit 2
	;;
esac

cookies=$(mktemp) # with COPILOTKIT_AUTH=session the second request must be of the same user
trap 'rm -f "$cookies"' EXIT
origin=$(cut -d/ -f1-3 <<<"$runtime") # and from a page, which a browser names
headers=(-H 'Content-Type: application/json' -H 'Accept: text/event-stream' -H "Origin: $origin")
[ -z "${TOKEN:-}" ] || headers+=(-H "Authorization: Bearer $TOKEN")

post() {
	curl -sS --fail-with-body -N --max-time 120 -b "$cookies" -c "$cookies" "${headers[@]}" "$runtime/agent/$agent/$1" -d '{
	  "threadId": "'"$thread"'", "runId": "run-1", "state": {}, "context": [], "forwardedProps": {},
	  "tools": [{"name": "bookTable", "description": "Book a table", "parameters": {"type": "object"}}],
	  "messages": [{"id": "message-1", "role": "user", "content": "'"$say"'"}]
	}'
}

thread=try-$$-$(date +%s)
echo "# run"
post run
echo "# connect"
post connect
