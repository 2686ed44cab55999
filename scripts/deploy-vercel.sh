#!/usr/bin/env bash
# Deploys the server to production on Vercel with its CLI. Arguments are passed to
# `vercel deploy`. Variables are set once, for instance with
#   vercel env add OPENAI_API_KEY production
# COPILOTKIT_AUTH must be among them, or among the arguments: --env COPILOTKIT_AUTH=none.
# DRY_RUN=1 prints the command in place of running it, and asks Vercel nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/deploying.sh

need deploy-vercel vercel "the Vercel CLI" "npm install --global vercel"

# What says whose project it is, and who deploys it, counts for both commands. (An
# empty list is an unset variable to the Bash of macOS.)
whose=()
previous=
for argument in "$@"; do
	case $argument in
	--token=* | --scope=* | --project=* | --cwd=* | --global-config=*) whose+=("$argument") ;;
	esac
	case $previous in
	--token | -t | --scope | -S | --project | --cwd | --global-config | -Q) whose+=("$previous" "$argument") ;;
	esac
	previous=$argument
done

# has NAME ARGUMENT… reports whether a variable is among the arguments, or the project's.
variables=
has() { [[ " $* " =~ [[:space:]=]$1= || $variables =~ (^|[[:space:]])$1([[:space:]]|$) ]]; }

if [ -z "${DRY_RUN-}" ] && ! has COPILOTKIT_AUTH "$@"; then
	variables=$(vercel env ls production ${whose[@]+"${whose[@]}"}) || exit
fi
if has CPK_INTELLIGENCE_API_KEY "$@"; then
	refuse deploy-vercel "with CPK_INTELLIGENCE_API_KEY a run goes on when it is answered, and Vercel freezes instances then." \
		"  AWS Lambda, Cloud Run and servers can do that: docs/intelligence.md" \
		"  or keep threads in a store of yours: docs/threads.md"
fi
if [ -z "${DRY_RUN-}" ] && ! has COPILOTKIT_AUTH "$@"; then
	refuse_without_auth deploy-vercel "among the variables" \
		"printf session | vercel env add COPILOTKIT_AUTH production" \
		"openssl rand -hex 32 | vercel env add COPILOTKIT_SESSION_KEY production" \
		"make deploy-vercel"
fi

perform vercel deploy --prod "$@"
remind
