#!/usr/bin/env bash
# Deploys the function to Google Cloud Run with gcloud. Arguments are passed to
# `gcloud run deploy`, for instance
#   --set-secrets=OPENAI_API_KEY=openai:latest --update-env-vars=COPILOTKIT_AUTH=none
# COPILOTKIT_AUTH must be among the variables, here or in a file of --env-vars-file.
# CPK_INTELLIGENCE_API_KEY, a variable or a secret, has instances keep their processor when
# they have answered, and says so to the runtime.
# REGION is the region. If unset, defaults to "europe-west1".
# SERVICE is the name of the service. If unset, defaults to "copilotkit".
# BASE_IMAGE is Google's runtime. If unset, defaults to "go126".
# DRY_RUN=1 prints the command in place of running it.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/deploying.sh

need deploy-gcf gcloud "the Google Cloud CLI" "https://cloud.google.com/sdk/docs/install"

# What the arguments say, whether as --name=value or as --name value; the last one counts.
memory=256Mi
timeout=3600
file=
variables=
secrets=
throttling=
flag=--update-env-vars
previous=
for argument in "$@"; do
	option=$previous value=$argument previous=
	case $argument in
	--cpu-throttling | --no-cpu-throttling) throttling=$argument ;;
	--*=*) option=${argument%%=*} value=${argument#*=} ;;
	--*) previous=$argument && continue ;;
	esac
	case $option in
	--memory) memory=$value ;;
	--timeout) timeout=$value ;;
	--env-vars-file) file=$value ;;
	--set-secrets | --update-secrets) secrets+=" ${value//,/ }" ;;
	--set-env-vars | --update-env-vars)
		flag=$option
		delimiter=,
		# gcloud topic escaping: ^@^A=b@C=d
		if [[ $value =~ ^\^([^^]+)\^ ]]; then
			delimiter=${BASH_REMATCH[1]} value=${value#"${BASH_REMATCH[0]}"}
		fi
		variables+=" ${value//"$delimiter"/ }"
		;;
	esac
done
if [ -n "$file" ]; then
	[ -r "$file" ] || refuse deploy-gcf "$file can't be read."
	variables=" $(sed -nE 's/^[[:space:]"]*([A-Z0-9_]+)"?[[:space:]]*:.*/\1=/p' "$file")"
fi
has() { [[ $variables =~ [[:space:]]$1= ]]; }

if ! has COPILOTKIT_AUTH; then
	refuse_without_auth deploy-gcf "among the variables" \
		"openssl rand -hex 32 | gcloud secrets create session-key --data-file=-" \
		"make deploy-gcf ARGS='--update-env-vars=COPILOTKIT_AUTH=session --update-secrets=COPILOTKIT_SESSION_KEY=session-key:latest'"
fi

# A run is closed before the platform's timeout, and memory is collected before it is
# full, if variables say where these bounds are.
[[ $timeout =~ ^([1-9][0-9]{0,5})([hms]?)$ ]] || refuse deploy-gcf "write the timeout $timeout in seconds."
seconds=${BASH_REMATCH[1]}
case ${BASH_REMATCH[2]} in
h) seconds=$((seconds * 3600)) ;;
m) seconds=$((seconds * 60)) ;;
esac
[[ $memory =~ ^([1-9][0-9]{0,5})([MG])i?$ ]] || refuse deploy-gcf "write the memory $memory in whole Mi or Gi."
limit=$((BASH_REMATCH[1] * 3 / 4))MiB
[ "${BASH_REMATCH[2]}" = M ] || limit=$((BASH_REMATCH[1] * 768))MiB
own=
arguments=("$@")
if has CPK_INTELLIGENCE_API_KEY || [[ $secrets =~ [[:space:]]CPK_INTELLIGENCE_API_KEY= ]]; then
	# A run goes on when its request is answered.
	[ "$throttling" != --cpu-throttling ] || refuse deploy-gcf "with CPK_INTELLIGENCE_API_KEY a run goes on when it is answered, and needs --no-cpu-throttling."
	[ -n "$throttling" ] || arguments+=(--no-cpu-throttling)
	has COPILOTKIT_INTELLIGENCE_BACKGROUND || own=COPILOTKIT_INTELLIGENCE_BACKGROUND=on
fi
has CLOUD_RUN_TIMEOUT_SECONDS || own+=${own:+,}CLOUD_RUN_TIMEOUT_SECONDS=$seconds
has GOMEMLIMIT || own+=${own:+,}GOMEMLIMIT=$limit
if [ -n "$file" ]; then
	# gcloud takes a file or single variables, not both.
	[ -z "$own" ] || refuse deploy-gcf "add to $file, which gcloud takes in place of single variables:" "${own//,/$'\n'}"
elif [ -n "$own" ]; then
	arguments+=("$flag=$own")
fi

perform gcloud run deploy "${SERVICE:-copilotkit}" --source=. --function=CopilotKit --base-image="${BASE_IMAGE:-go126}" \
	--region="${REGION:-europe-west1}" --allow-unauthenticated --memory=256Mi --cpu=1 --concurrency=80 --max-instances=10 \
	--timeout=3600 "${arguments[@]}"
remind
