#!/usr/bin/env bash
# Deploys the function to Google Cloud with gcloud. Arguments are passed to
# `gcloud functions deploy`, for instance
#   --set-secrets=OPENAI_API_KEY=openai:latest --update-env-vars=COPILOTKIT_AUTH=none
# COPILOTKIT_AUTH must be among the variables, here or in a file of --env-vars-file.
# REGION is the region. If unset, defaults to "europe-west1".
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v gcloud >/dev/null; then
	echo "deploy-gcf: the Google Cloud CLI (gcloud) is not installed:" >&2
	echo "https://cloud.google.com/sdk/docs/install" >&2
	exit 1
fi

if [[ ! " $* " =~ [^A-Z_]COPILOTKIT_AUTH= && ! " $* " =~ [[:space:]]--env-vars-file[[:space:]=] ]]; then
	source scripts/require-auth.sh
	refuse_without_auth deploy-gcf "among the variables" \
		"openssl rand -hex 32 | gcloud secrets create session-key --data-file=-" \
		"make deploy-gcf ARGS='--set-env-vars=COPILOTKIT_AUTH=session --set-secrets=COPILOTKIT_SESSION_KEY=session-key:latest'"
fi

exec gcloud functions deploy copilotkit --gen2 --runtime=go126 --region="${REGION:-europe-west1}" \
	--source=. --entry-point=CopilotKit --trigger-http --allow-unauthenticated \
	--memory=256Mi --cpu=1 --concurrency=80 --timeout=3600 "$@"
