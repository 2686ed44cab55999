package managed

type entitlements struct{}
