#!/usr/bin/env bash
# Packs the Lambda function and deploys template.yaml with the SAM CLI. Arguments
# are passed to `sam deploy`, for instance
#   --parameter-overrides Auth=session SessionKey=… OpenAiApiKeyReference=openai:SecretString
# Auth must be among the parameters, here or in samconfig.toml.
# STACK is the name of the stack. If unset, defaults to "copilotkit".
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v sam >/dev/null; then
	echo "deploy-lambda: the SAM CLI (sam) is not installed:" >&2
	echo "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html" >&2
	exit 1
fi

# The template has no default for it: without this, CloudFormation would refuse later.
if [[ ! " $* " =~ [[:space:]\"\'](ParameterKey=)?Auth[=,] && ! " $* " =~ [[:space:]](--guided|-g|--config-file)[[:space:]=] && ! -f samconfig.toml ]]; then
	source scripts/require-auth.sh
	refuse_without_auth deploy-lambda "as the parameter Auth" \
		"make deploy-lambda ARGS=\"--parameter-overrides Auth=session SessionKey=\$(openssl rand -hex 32)\""
fi

go run ./scripts/packagelambda -arch arm64 dist
exec sam deploy --template-file template.yaml --stack-name "${STACK:-copilotkit}" \
	--capabilities CAPABILITY_IAM --resolve-s3 --no-fail-on-empty-changeset "$@"
