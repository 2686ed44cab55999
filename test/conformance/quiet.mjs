// The reference reads this while it is imported, and would otherwise report to its maker
// each time: where that can't be reached, its process doesn't end until the look-ups of the
// name have failed. To be imported before it.
process.env.COPILOTKIT_TELEMETRY_DISABLED = "true";
