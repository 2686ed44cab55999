#!/usr/bin/env bash
# Deploys the server to production on Vercel with its CLI. Arguments are passed to
# `vercel deploy`. Variables are set once, for instance with
#   vercel env add OPENAI_API_KEY production
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v vercel >/dev/null; then
	echo "deploy-vercel: the Vercel CLI (vercel) is not installed: npm install --global vercel" >&2
	exit 1
fi

exec vercel deploy --prod "$@"
