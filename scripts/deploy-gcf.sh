#!/usr/bin/env bash
# Deploys the function to Google Cloud with gcloud. Arguments are passed to
# `gcloud functions deploy`, for instance
#   --set-secrets=OPENAI_API_KEY=openai:latest --set-env-vars=COPILOTKIT_MODEL=openai/gpt-4o
# REGION is the region. If unset, defaults to "europe-west1".
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v gcloud >/dev/null; then
	echo "deploy-gcf: the Google Cloud CLI (gcloud) is not installed:" >&2
	echo "https://cloud.google.com/sdk/docs/install" >&2
	exit 1
fi

exec gcloud functions deploy copilotkit --gen2 --runtime=go126 --region="${REGION:-europe-west1}" \
	--source=. --entry-point=CopilotKit --trigger-http --allow-unauthenticated \
	--memory=256Mi --cpu=1 --concurrency=80 --timeout=3600 "$@"
