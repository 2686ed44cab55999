package bedrock

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/blocks"
	"github.com/copilotkit-go/runtime/core/model/internal/claude"
	"github.com/copilotkit-go/runtime/core/model/internal/toolrules"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// name is the provider's name.
const name = "bedrock"

const (
	regionVariable        = "AWS_REGION"
	defaultRegionVariable = "AWS_DEFAULT_REGION"
)

// provider is Amazon Bedrock, without its New.
var provider = model.Provider{
	Name: name, KeyVariable: "AWS_BEARER_TOKEN_BEDROCK", SignIn: "aws",
	URLVariable: "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", Variables: []string{regionVariable, defaultRegionVariable},
}

// tools are the rules for tools.
var tools = toolrules.Rules{
	Names:      toolrules.NameRule{Max: 64, Signs: "-"},
	Properties: toolrules.NameRule{Max: 64, Signs: ".-"},
	Schemas:    toolrules.SchemaDraft2020,
	FlatRoot:   true,
}

// novaTools are those of Amazon's own models, which take three keywords at the root.
func novaTools() toolrules.Rules {
	rules := tools
	rules.Inline = true
	rules.RootKeywords = []string{"type", "properties", "required"}
	return rules
}

// Providers returns the provider of this protocol.
func Providers() model.Providers {
	p := provider
	p.New = transport.Constructor(New)
	return model.Providers{p}
}

// Model is a model on Amazon Bedrock. It is safe for concurrent use.
type Model struct {
	endpoint *transport.Endpoint
	// url is where the model is asked.
	url    string
	claude claude.Model
}

var _ model.Model = (*Model)(nil)

// New returns a model. It does no I/O. It fails if there is no region, or neither a key
// nor a way to sign in.
func New(config model.Config) (*Model, error) {
	if config.LookupEnv == nil {
		config.LookupEnv = os.LookupEnv
	}
	env := func(variable string) string {
		value, _ := config.LookupEnv(variable)
		return strings.TrimSpace(value)
	}
	publicURL := ""
	if region := cmp.Or(arnRegion(config.Model), env(regionVariable), env(defaultRegionVariable)); region != "" {
		if !regionName().MatchString(region) {
			return nil, fmt.Errorf("model %q: that of its ARN, or else %s, is not the name of a region", config.Model, regionVariable)
		}
		publicURL = "https://bedrock-runtime." + region + "." + domain(region)
	} else if config.BaseURL == "" && env(provider.URLVariable) == "" {
		return nil, fmt.Errorf("model %q: provider %s has no region: set %s", config.Model, name, regionVariable)
	}
	endpoint, err := transport.NewEndpoint(config, provider, publicURL)
	if err != nil {
		return nil, err
	}
	endpoint.Tools = tools
	if strings.Contains(endpoint.Name.Model, "amazon.nova") {
		endpoint.Tools = novaTools()
	}
	m := &Model{endpoint: endpoint, claude: claude.Parse(endpoint.Name.Model)}
	m.url = endpoint.URL + "/model/" + escape(endpoint.Name.Model) + "/converse-stream"
	return m, nil
}

var regionName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`) })

// arnRegion returns the region of the ARN of a model, empty if its name is none.
func arnRegion(model string) string {
	_, arn, found := strings.Cut(model, "arn:")
	if parts := strings.Split(arn, ":"); found && len(parts) > 3 {
		return parts[2]
	}
	return ""
}

// domain returns the domain of a region's services.
func domain(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "amazonaws.com.cn"
	case strings.HasPrefix(region, "eusc-"):
		return "amazonaws.eu"
	}
	return "amazonaws.com"
}

// escape escapes all of a model's id that isn't unreserved in addresses, as signatures
// need it: the colons and slashes of ARNs too.
func escape(id string) string {
	return strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
}

// Name returns the model's name.
func (m *Model) Name() model.Name { return m.endpoint.Name }

// Stream implements [model.Model].
func (m *Model) Stream(ctx context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
	return m.endpoint.Stream(ctx, request, m.open, func(x *transport.Exchange, body io.Reader, send transport.Send) error {
		d := decoder{
			answer: blocks.Answer{Send: send, Provider: name}, model: m.endpoint.Name.Model, onStopReason: x.Linger,
		}
		return d.decode(body)
	})
}

func (m *Model) open(x *transport.Exchange, request *model.Request) (io.ReadCloser, error) {
	return blocks.Ask(request, name, func(conversation *blocks.Conversation) (io.ReadCloser, error) {
		return m.post(x, request, conversation)
	})
}

func (m *Model) post(x *transport.Exchange, request *model.Request, conversation *blocks.Conversation) (io.ReadCloser, error) {
	body, err := m.encode(request, conversation)
	if err != nil {
		return nil, err
	}
	return x.Post(m.url, body, func(r *http.Request) error {
		r.Header.Set("Accept", "application/vnd.amazon.eventstream")
		switch {
		case m.endpoint.Key != "":
			r.Header.Set("Authorization", "Bearer "+m.endpoint.Key)
		case m.endpoint.Config.SignIn != nil:
			return m.endpoint.Config.SignIn(r, body)
		}
		return nil
	})
}
