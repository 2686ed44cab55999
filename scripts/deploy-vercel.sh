#!/usr/bin/env bash
# Deploys the server to production on Vercel with its CLI. Arguments are passed to
# `vercel deploy`. Variables are set once, for instance with
#   vercel env add OPENAI_API_KEY production
# COPILOTKIT_AUTH must be among them, or among the arguments: --env COPILOTKIT_AUTH=none.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v vercel >/dev/null; then
	echo "deploy-vercel: the Vercel CLI (vercel) is not installed: npm install --global vercel" >&2
	exit 1
fi

if [[ ! " $* " =~ [[:space:]=]COPILOTKIT_AUTH= ]]; then
	variables=$(vercel env ls production) || exit
	if [[ ! $variables =~ (^|[[:space:]])COPILOTKIT_AUTH([[:space:]]|$) ]]; then
		source scripts/require-auth.sh
		refuse_without_auth deploy-vercel "among the variables" \
			"printf session | vercel env add COPILOTKIT_AUTH production" \
			"openssl rand -hex 32 | vercel env add COPILOTKIT_SESSION_KEY production" \
			"make deploy-vercel"
	fi
fi

exec vercel deploy --prod "$@"
