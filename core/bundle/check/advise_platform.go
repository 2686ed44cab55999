package check

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/bundle"
)

func (a advisor) adviseRoutes() {
	s := a.settings
	base := strings.Trim(s.BasePath, "/")
	switch segments := strings.Split(base, "/"); {
	case len(segments)%2 == 0 && slices.Equal(segments[:len(segments)/2], segments[len(segments)/2:]):
		a.problem(MistakeBasePath, "COPILOTKIT_BASE_PATH", "it has the same path twice: "+s.BasePath, "runtimeUrl would need it twice, too.",
			"Set it to /"+strings.Join(segments[:len(segments)/2], "/")+".")
	case slices.Contains(segments, "info") || slices.Contains(segments, "agent"):
		a.warn(MistakeBasePath, "COPILOTKIT_BASE_PATH", "it ends where a route begins: "+s.BasePath, "Front ends add the routes to runtimeUrl.", "End it before that.")
	}
	if a.platform.Name == "local" {
		return
	}
	if s.CORSCredentials && slices.Contains(s.CORSOrigins, core.LoopbackOrigins) {
		a.problem(MistakeCORS, "COPILOTKIT_CORS_ORIGINS", "pages of any visitor's own machine may call with cookies", "", "Remove loopback.")
	}
	for _, origin := range s.CORSOrigins {
		parsed, err := url.Parse(origin)
		switch {
		case origin == core.LoopbackOrigins || err == nil && isThisMachine(origin):
			a.warn(MistakeCORS, "COPILOTKIT_CORS_ORIGINS", origin+" is among the origins", "Any program on a visitor's machine may serve such a page.",
				"Keep it for development.")
		case err == nil && parsed.Scheme == "http" && isPublic(parsed.Hostname()):
			a.warn(MistakeCORS, "COPILOTKIT_CORS_ORIGINS", origin+" has no https://", "Whoever is between can change that page. An origin with https:// is another one.",
				"List it with https://.")
		}
	}
	if s.Auth == bundle.AuthSession && s.SessionSameSite == http.SameSiteNoneMode && !s.CORSCredentials {
		a.warn(MistakeCORS, "COPILOTKIT_CORS_CREDENTIALS", "the cookie of a session is for pages of other sites, and their browsers don't send it", "",
			"Set it to on, list the origins in COPILOTKIT_CORS_ORIGINS, and set credentials to include in the front end.")
	}
}

func (a advisor) advisePlatform() {
	p := a.platform
	for _, variable := range p.Unused {
		if a.values[variable] != "" {
			a.warn("unused", variable, "it has no effect on "+p.Title, "", "Remove it.")
		}
	}
	if p.MaxBody > 0 && a.settings.MaxBodyBytes > int64(p.MaxBody) {
		a.warn("body", "COPILOTKIT_MAX_BODY_BYTES", fmt.Sprintf("it is more than the %d bytes that %s takes", p.MaxBody, p.Title),
			"Larger requests are refused before the runtime could explain it to the chat.", "Remove it.")
	}
	if size := a.size(); p.MaxEnvironment > 0 && size > p.MaxEnvironment {
		a.problem("environment-size", "", fmt.Sprintf("the variables of the runtime have %d bytes together, and %s takes %d", size, p.Title, p.MaxEnvironment), "",
			"Shorten the longest: "+a.longest()+".")
	}
	if p.Name == "local" {
		a.advisePort()
	}
}

// size returns the bytes of the variables that a deployment would be given.
func (a advisor) size() (size int) {
	for name, value := range a.values {
		if isRuntimes(name) {
			size += len(name) + len(value)
		}
	}
	return size
}

func (a advisor) longest() (longest string) {
	for _, name := range slices.Sorted(maps.Keys(a.values)) {
		if isRuntimes(name) && len(a.values[name]) > len(a.values[longest]) {
			longest = name
		}
	}
	return longest
}

func isRuntimes(name string) bool { return strings.HasPrefix(name, "OTEL_") || bundle.IsOwn(name) }

// advisePort looks whether the local server's port is free.
func (a advisor) advisePort() {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(a.settings.Port))
	listener, err := net.Listen("tcp", address)
	if err == nil {
		_ = listener.Close()
		return
	}
	client := &http.Client{Timeout: time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if response, err := client.Get("http://" + address + "/readyz"); err == nil {
		_ = response.Body.Close()
		if response.Header.Get("Content-Type") == "application/json" {
			a.warn(MistakePortTaken, "PORT", fmt.Sprintf("a server of this kind runs at port %d already", a.settings.Port), "", "Another one needs another PORT.")
			return
		}
	}
	client.CloseIdleConnections()
	a.problem(MistakePortTaken, "PORT", fmt.Sprintf("port %d is taken by another program", a.settings.Port), "The local server ends with an error.",
		"End that program, or set PORT to another; 0 is any free one.")
}
