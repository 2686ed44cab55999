// Package platforms has what is the same for all deployments on a platform: its defaults of
// the environment, and what its program can do. Entrypoints take their defaults from it, and
// whoever checks an environment without deploying it.
package platforms

import (
	"slices"
	"strings"
)

// Platform is where a deployment runs. It must not be modified.
type Platform struct {
	// Name is a word, and Title what people call the platform.
	Name, Title string
	// Defaults are the defaults of the environment there, by variable, where they aren't
	// those of the README.
	Defaults map[string]string
	// Sets are variables that the platform sets itself, by which programs know it.
	Sets map[string]string
	// Stores are the schemes of the stores that its program has, beside memory.
	Stores []string
	// SignIns are whose identities models can be asked as without a key: "aws", "azure" or
	// "google".
	SignIns []string
	// Functions is set where instances come and go, several at once.
	Functions bool
	// Metrics is set where the program can serve metrics to Prometheus.
	Metrics bool
	// AgentCore is set where Amazon Bedrock AgentCore can call the program, or one that its
	// owner makes.
	AgentCore bool
	// DemoWithoutKey is set where the embedded model takes the place of the default one
	// whose key isn't set.
	DemoWithoutKey bool
	// Unused are variables of the runtime that have no effect there.
	Unused []string
	// FrontEnd says what serves a front end there, if the runtime doesn't.
	FrontEnd string
	// MaxBody is the size in bytes of the largest request that the platform takes, and
	// MaxEnvironment that of all variables together; 0 for no limit.
	MaxBody, MaxEnvironment int
}

// Names are those that [Lookup] knows.
func Names() []string { return []string{"server", "lambda", "gcf", "vercel", "local", "image"} }

// Lookup returns the platform of a name. Getenv returns the value of an environment
// variable, as [os.Getenv] does.
func Lookup(name string, getenv func(string) string) (Platform, bool) {
	all := []Platform{Server(), Lambda(getenv), Google(), Vercel(), Local(), Image()}
	i := slices.IndexFunc(all, func(p Platform) bool { return p.Name == name })
	if i < 0 {
		return Platform{}, false
	}
	return all[i], true
}

var shared = [...]string{"redis", "rediss", "postgres", "postgresql"}

func stores(more ...string) []string { return append(shared[:len(shared):len(shared)], more...) }

// ofServers returns the variables that only servers heed.
func ofServers() []string {
	return []string{"COPILOTKIT_DRAIN_SECONDS", "COPILOTKIT_SHUTDOWN_SECONDS", "COPILOTKIT_MAX_REQUEST_SECONDS"}
}

// Server is a server of somebody's own, with the defaults of production.
func Server() Platform {
	return Platform{
		Name: "server", Title: "a server, with the defaults of production",
		Stores: stores("sqlite", "dynamodb"), SignIns: []string{"aws", "azure", "google"}, Metrics: true, AgentCore: true,
		Unused: []string{"COPILOTKIT_LAMBDA_RESPONSE"},
	}
}

// Lambda is AWS Lambda, which takes events of 6 MB, and a request is nearly all of one. The
// log level is the function's, where that has one.
func Lambda(getenv func(string) string) Platform {
	defaults := map[string]string{"COPILOTKIT_MAX_BODY_BYTES": "6291456"}
	switch level := strings.ToLower(getenv("AWS_LAMBDA_LOG_LEVEL")); level {
	case "trace":
		defaults["COPILOTKIT_LOG_LEVEL"] = "debug"
	case "fatal":
		defaults["COPILOTKIT_LOG_LEVEL"] = "error"
	case "debug", "info", "warn", "error":
		defaults["COPILOTKIT_LOG_LEVEL"] = level
	}
	return Platform{
		Name: "lambda", Title: "AWS Lambda", Defaults: defaults,
		Sets:   map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "copilotkit"},
		Stores: stores("dynamodb"), SignIns: []string{"aws"}, Functions: true,
		Unused:   append(ofServers(), "PORT", "COPILOTKIT_TRUSTED_PROXIES"),
		FrontEnd: "put it in an S3 bucket, and CloudFront in front of both, see docs/static.md",
		MaxBody:  6 << 20, MaxEnvironment: 4 << 10,
	}
}

// Google is Google Cloud Functions, whose front end adds the client's address to
// X-Forwarded-For, and takes requests of 32 MiB.
func Google() Platform {
	return Platform{
		Name: "gcf", Title: "Google Cloud Functions",
		Defaults: map[string]string{"COPILOTKIT_TRUSTED_PROXIES": "1", "COPILOTKIT_MAX_BODY_BYTES": "33554432"},
		Sets:     map[string]string{"K_SERVICE": "copilotkit"},
		Stores:   stores(), SignIns: []string{"google"}, Functions: true, Metrics: true,
		Unused:  append(ofServers(), "PORT", "COPILOTKIT_LAMBDA_RESPONSE"),
		MaxBody: 32 << 20,
	}
}

// Vercel is Vercel, whose front end sets X-Forwarded-For to the client's address, and takes
// requests of 4.5 MB.
func Vercel() Platform {
	return Platform{
		Name: "vercel", Title: "Vercel",
		Defaults: map[string]string{"COPILOTKIT_TRUSTED_PROXIES": "1", "COPILOTKIT_MAX_BODY_BYTES": "4718592"},
		Sets:     map[string]string{"VERCEL": "1"},
		Stores:   stores(), Functions: true,
		Unused:   append(ofServers(), "COPILOTKIT_LAMBDA_RESPONSE"),
		FrontEnd: "Vercel serves the project's static files itself, see docs/static.md",
		MaxBody:  4718592, MaxEnvironment: 64 << 10,
	}
}

// Local is the local server, which lets anybody on this machine in, but not the pages of
// everybody.
func Local() Platform {
	local := Server()
	local.Name, local.Title, local.DemoWithoutKey, local.AgentCore = "local", "the local server", true, false
	local.Defaults = map[string]string{"COPILOTKIT_ENV": "development", "COPILOTKIT_AUTH": "none", "COPILOTKIT_CORS_ORIGINS": "loopback"}
	return local
}

// Image is a container. Docker and Google kill one ten seconds after SIGTERM, so that runs
// must have been closed by then.
func Image() Platform {
	image := Server()
	image.Name, image.Title = "image", "a container"
	image.Defaults = map[string]string{"COPILOTKIT_SHUTDOWN_SECONDS": "7"}
	return image
}
