package bundle

import (
	"runtime/debug"
)

// Build says what a program was built from. What isn't known is empty.
type Build struct {
	// Version is the version of this module, such as "v1.2.3", also where a program
	// imports it; "(devel)" for a working copy.
	Version string
	// Commit is the commit of the program's repository, and Time when it was made, as
	// RFC 3339 has it. Modified says that the working copy had changes.
	Commit, Time string
	Modified     bool
	// Go is the version of Go.
	Go string
}

const module = "github.com/copilotkit-go/runtime"

// ReadBuild returns what the running program was built from.
func ReadBuild() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Build{}
	}
	build := Build{Go: info.GoVersion}
	if info.Main.Path == module {
		build.Version = info.Main.Version
	}
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			build.Version = dependency.Version
		}
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			build.Commit = setting.Value
		case "vcs.time":
			build.Time = setting.Value
		case "vcs.modified":
			build.Modified = setting.Value == "true"
		}
	}
	return build
}

// String returns all that is known, with spaces between.
func (b Build) String() string {
	text := b.Version
	for _, part := range []string{b.Commit, modified(b.Modified), b.Time, b.Go} {
		if part != "" {
			text += " " + part
		}
	}
	return text
}

func modified(is bool) string {
	if is {
		return "(modified)"
	}
	return ""
}
