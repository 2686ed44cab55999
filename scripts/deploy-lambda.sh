#!/usr/bin/env bash
# Packs the Lambda function and deploys template.yaml with the SAM CLI. Arguments
# are passed to `sam deploy`, for instance
#   --parameter-overrides Auth=session SessionKey=… 'Prompt=Be brief.'
# Auth must be among the parameters each time, here or in samconfig.toml. Any other that
# isn't named keeps the value that the stack has.
# STACK is the name of the stack. If unset, defaults to "copilotkit".
# DRY_RUN=1 prints the commands in place of running them.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/deploying.sh

need deploy-lambda sam "the SAM CLI" \
	"https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html"

# The template has no default for it: without this, CloudFormation would refuse later.
if [[ ! " $* " =~ [[:space:]\"\'](ParameterKey=)?Auth[=,] && ! " $* " =~ [[:space:]](--guided|-g|--config-file)[[:space:]=] && ! -f samconfig.toml ]]; then
	refuse_without_auth deploy-lambda "as the parameter Auth" \
		"make deploy-lambda ARGS=\"--parameter-overrides Auth=session SessionKey=\$(openssl rand -hex 32)\""
fi

# Without a region SAM would fail after the function was packed, with a stack trace of its own.
if [[ -z ${AWS_REGION-}${AWS_DEFAULT_REGION-} && ! " $* " =~ [[:space:]](--region|--guided|-g|--profile|--config-file|--config-env)[[:space:]=] ]] &&
	! grep -qsE '^[[:space:]]*region[[:space:]]*=' samconfig.toml "${AWS_CONFIG_FILE:-${HOME-}/.aws/config}"; then
	refuse deploy-lambda "no AWS region is set. Choose one:" \
		"  make deploy-lambda ARGS='--region eu-central-1 …'" \
		"  or export AWS_REGION=eu-central-1, or aws configure set region eu-central-1"
fi

# several VALUE reports whether a value goes on with another parameter of the template.
several() {
	[[ $1 =~ [[:space:]]([A-Z][A-Za-z0-9]*)= ]] && grep -q "^  ${BASH_REMATCH[1]}:" template.yaml
}

# SAM reads Prompt=Be brief. as two parameters unless quotes are part of the value. An
# argument that has several parameters is left as it is.
# (An empty list is an unset variable to the Bash of macOS.)
arguments=()
overrides=
for argument in "$@"; do
	case $argument in
	--parameter-overrides) overrides=1 ;;
	-*) overrides= ;;
	[A-Za-z]*=*)
		value=${argument#*=}
		if [[ -n $overrides && $value == *[[:space:]\"]* && ! $value =~ ^[\"\'].*[\"\']$ ]] && ! several "$value"; then
			argument="${argument%%=*}=\"${value//\"/\\\"}\""
		fi
		;;
	esac
	arguments+=("$argument")
done

perform go run ./scripts/packagelambda -arch arm64 dist
perform sam deploy --template-file template.yaml --stack-name "${STACK:-copilotkit}" \
	--capabilities CAPABILITY_IAM --resolve-s3 --no-fail-on-empty-changeset ${arguments[@]+"${arguments[@]}"}
remind
