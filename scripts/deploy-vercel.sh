#!/usr/bin/env bash
# Deploys the server to Vercel with its CLI, to production. What follows on the
# command line goes to `vercel deploy`. Variables are set once, with for instance
#   vercel env add OPENAI_API_KEY production
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v vercel >/dev/null; then
	echo "deploy-vercel: the Vercel CLI (vercel) is not installed: npm install --global vercel" >&2
	exit 1
fi

exec vercel deploy --prod "$@"
