# Sourced by the deploy scripts.

# refuse_without_auth PROGRAM WHERE COMMAND… says that nobody has decided who may call,
# and ends the script. The commands are the smallest safe choice for the platform.
refuse_without_auth() {
	local program=$1 where=$2
	shift 2
	{
		echo "$program: nothing was deployed: COPILOTKIT_AUTH, $where, must say who may call."
		echo "  session  everybody; each browser is a user of its own, by a signed cookie"
		echo "  token    who has one of the tokens in COPILOTKIT_AUTH_TOKENS"
		echo "  oidc     who has a token of your identity provider"
		echo "  platform whom the platform's front door has verified"
		echo "  none     everybody who knows the address, at the cost of the model's key"
		echo "For a public site:"
		printf '  %s\n' "$@"
		echo "See docs/access.md."
	} >&2
	exit 1
}
