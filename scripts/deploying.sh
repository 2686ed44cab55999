# Sourced by the deploy scripts.

# refuse PROGRAM LINE… says why nothing was deployed, and ends the script.
refuse() {
	local program=$1
	shift
	{
		printf '%s: nothing was deployed: %s\n' "$program" "$1"
		shift
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >&2
	exit 1
}

# need PROGRAM COMMAND NAME HOW refuses if the platform's CLI isn't installed. What
# DRY_RUN doesn't run needn't be there.
need() {
	[ -n "${DRY_RUN-}" ] || command -v "$2" >/dev/null || refuse "$1" "$3 ($2) is not installed:" "  $4"
}

# refuse_without_auth PROGRAM WHERE COMMAND… says that nobody has decided who may call,
# and ends the script. The commands are the smallest safe choice for the platform.
refuse_without_auth() {
	local program=$1 where=$2
	shift 2
	refuse "$program" "COPILOTKIT_AUTH, $where, must say who may call." \
		"  session  everybody; each browser is a user of its own, by a signed cookie" \
		"  token    who has one of the tokens in COPILOTKIT_AUTH_TOKENS" \
		"  oidc     who has a token of your identity provider" \
		"  platform whom the platform's front door has verified" \
		"  none     everybody who knows the address, at the cost of the model's key" \
		"For a public site:" "${@/#/  }" "See docs/access.md."
}

# perform COMMAND ARGUMENT… runs a command, or, with DRY_RUN set, prints it as a shell
# would read it. From the first name on that says that its value is secret an argument
# is left out: values may have commas, as lists of them have.
perform() {
	if [ -z "${DRY_RUN-}" ]; then
		"$@"
		return
	fi
	local argument previous= line=
	for argument in "$@"; do
		if [[ $previous == --token || $previous == -t ]]; then
			argument=...
		elif [[ $argument != --*-secrets=* && $argument =~ (--token|Key|KEY|TOKEN|Tokens|TOKENS|SECRET|PASSWORD|Agents|AGENTS|McpServers|MCP_SERVERS|McpApps|MCP_APPS|RedisUrl|STORE|HEADERS)= ]]; then
			argument="${argument%%"${BASH_REMATCH[0]}"*}${BASH_REMATCH[0]}..."
		fi
		previous=$argument
		printf -v argument %q "$argument"
		line+="${line:+ }$argument"
	done
	printf '%s\n' "$line"
}

# remind says what is left to do before real users come.
remind() {
	printf 'Before real users: docs/before-real-users.md has the list.\n' >&2
}
