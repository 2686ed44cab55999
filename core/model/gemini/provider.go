package gemini

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// Providers returns the providers that speak this protocol.
func Providers() model.Providers {
	all := model.Providers{google(), vertex()}
	for i := range all {
		all[i].New = transport.Constructor(New)
	}
	return all
}

func google() model.Provider {
	return model.Provider{
		Name: "google", Aliases: []string{"gemini", "google-gemini"},
		KeyVariable: "GOOGLE_API_KEY", OtherKeyVariables: []string{"GEMINI_API_KEY"}, URLVariable: "GOOGLE_BASE_URL",
	}
}

// The variables with the project and the location of Vertex AI.
const (
	projectVariable  = "GOOGLE_CLOUD_PROJECT"
	locationVariable = "GOOGLE_CLOUD_LOCATION"
)

func vertex() model.Provider {
	return model.Provider{
		Name: "vertex", KeyVariable: "VERTEX_API_KEY", SignIn: "google", URLVariable: "VERTEX_BASE_URL",
		Variables: []string{projectVariable, locationVariable},
	}
}

// endpoint is a model of a provider.
type endpoint struct {
	*transport.Endpoint
	// url is where the model streams its answers.
	url string
	// vertex reports whether the provider is Vertex AI.
	vertex bool
	// signIn signs requests, nil if they have a key or nothing.
	signIn model.SignIn
}

func newEndpoint(config model.Config) (*endpoint, error) {
	name, err := model.ParseName(config.Model)
	if err != nil {
		return nil, err
	}
	p, err := Providers().Lookup(name.Provider)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", name, err)
	}
	if p.Name == "vertex" {
		return newVertex(config, p)
	}
	e, err := transport.NewEndpoint(config, p, "https://generativelanguage.googleapis.com")
	if err != nil {
		return nil, err
	}
	path := e.Name.Model
	if !strings.Contains(path, "/") { // tunedModels/… is one of its own
		path = "models/" + path
	}
	return withPath(&endpoint{Endpoint: e}, "v1beta", path)
}

func newVertex(config model.Config, p model.Provider) (*endpoint, error) {
	if config.LookupEnv == nil {
		config.LookupEnv = os.LookupEnv
	}
	location := "global"
	if set, _ := config.LookupEnv(locationVariable); strings.TrimSpace(set) != "" {
		location = strings.ToLower(strings.TrimSpace(set))
	}
	if strings.Trim(location, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return nil, fmt.Errorf("model %q: %s is not a location, such as global or europe-west4", config.Model, locationVariable)
	}
	e, err := transport.NewEndpoint(config, p, vertexAddress(location))
	if err != nil {
		return nil, err
	}
	project := e.Env(projectVariable)
	if strings.Trim(project, "abcdefghijklmnopqrstuvwxyz0123456789-.:") != "" {
		return nil, fmt.Errorf("model %q: %s is not the id of a project", e.Name, projectVariable)
	}
	if project == "" && e.Key == "" && !e.OwnAddress {
		return nil, fmt.Errorf("model %q: provider vertex has no project: set %s", e.Name, projectVariable)
	}
	path := strings.TrimPrefix(e.Name.Model, "google/")
	switch {
	case !strings.Contains(path, "/"):
		path = "publishers/google/models/" + path
	case !strings.HasPrefix(path, "endpoints/"):
		return nil, fmt.Errorf("model %q: only Google's own models and endpoints/… can be asked on Vertex AI", e.Name)
	}
	if project != "" {
		path = "projects/" + project + "/locations/" + location + "/" + path
	} else if e.URL == vertexAddress(location) {
		e.URL = vertexAddress("global") // which the express mode has alone
	}
	made := &endpoint{Endpoint: e, vertex: true}
	if e.Key == "" && project != "" {
		made.signIn = e.Config.SignIn
	}
	return withPath(made, "v1beta1", path)
}

// vertexAddress returns the public address of a location.
func vertexAddress(location string) string {
	switch location {
	case "global":
		return "https://aiplatform.googleapis.com"
	case "eu", "us":
		return "https://aiplatform." + location + ".rep.googleapis.com"
	}
	return "https://" + location + "-aiplatform.googleapis.com"
}

// withPath sets the URL of a model whose path below the version is given. The model's
// name can be a front end's, and must not lead elsewhere.
func withPath(e *endpoint, version, path string) (*endpoint, error) {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if strings.Trim(segment, ".") == "" {
			return nil, fmt.Errorf("model %q: %w", e.Name, errors.New("this is not a model's name"))
		}
		segments[i] = url.PathEscape(segment)
	}
	e.Tools = toolRules
	base := strings.TrimSuffix(e.URL, "/openai")
	if !endsInVersion(base) {
		base += "/" + version
	}
	e.url = base + "/" + strings.Join(segments, "/") + ":streamGenerateContent?alt=sse"
	return e, nil
}

// endsInVersion reports whether an address ends in a version, such as v1beta.
func endsInVersion(address string) bool {
	last := address[strings.LastIndexByte(address, '/')+1:]
	return len(last) > 1 && last[0] == 'v' && last[1] >= '0' && last[1] <= '9'
}

// sign sets the key, or signs in.
func (e *endpoint) sign(request *http.Request, body []byte) error {
	switch {
	case e.Key != "":
		request.Header.Set("X-Goog-Api-Key", e.Key)
	case e.signIn != nil:
		return e.signIn(request, body)
	}
	return nil
}
