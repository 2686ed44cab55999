package transport

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/toolrules"
)

// Endpoint is a model at the address of its provider.
type Endpoint struct {
	// Name is the model's, with the provider's name rather than an alias of it.
	Name model.Name
	// Key is the provider's key, empty for none, and KeyVariable the variable that it
	// is from, empty if the configuration has it.
	Key, KeyVariable string
	// URL is the provider's address, without a slash at the end.
	URL string
	// OwnAddress is set if URL is not the provider's public address.
	OwnAddress bool
	// Tools are what the provider takes of tools. The dialect sets them.
	Tools toolrules.Rules
	// Config has its defaults filled in.
	Config  model.Config
	secrets outbound.Secrets
	schemas toolrules.Cache
}

// NewEndpoint looks up the model of the configuration, its key and its address, which
// is publicURL unless the configuration or the environment has another; it is empty if
// every customer has their own. An address of the deployer's own needs no key.
func NewEndpoint(config model.Config, p model.Provider, publicURL string) (*Endpoint, error) {
	config = withDefaults(config)
	name, err := model.ParseName(config.Model)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{Name: model.Name{Provider: p.Name, Model: name.Model}, Config: config}
	e.URL = cmp.Or(config.BaseURL, e.Env(p.URLVariable))
	e.OwnAddress = e.URL != ""
	if e.URL = strings.TrimSuffix(cmp.Or(e.URL, publicURL), "/"); e.URL == "" {
		return nil, fmt.Errorf("model %q: provider %s has no address: set %s", name, p.Name, p.URLVariable)
	}
	address, err := url.Parse(e.URL)
	if err != nil || address.Host == "" {
		return nil, fmt.Errorf("model %q: the address of provider %s (%s) is not a URL", name, p.Name, p.URLVariable)
	}
	e.secrets = outbound.NewSecrets(nil, address)
	e.Key = config.APIKey
	for _, variable := range append([]string{p.KeyVariable}, p.OtherKeyVariables...) {
		if value := e.Env(variable); e.Key == "" && value != "" {
			e.Key, e.KeyVariable = value, variable
		}
	}
	if e.Key == "" && p.KeyVariable != "" && config.SignIn == nil && !e.OwnAddress {
		return nil, fmt.Errorf("model %q: provider %s has no key: set %s", name, p.Name, p.KeyVariable)
	}
	return e, nil
}

// Constructor returns the New of a provider, for a dialect's own.
func Constructor[M model.Model](construct func(model.Config) (M, error)) func(model.Config) (model.Model, error) {
	return func(config model.Config) (model.Model, error) {
		m, err := construct(config)
		if err != nil {
			return nil, err // not the nil pointer in an interface
		}
		return m, nil
	}
}

// Env returns a variable's value without space around it, "" if it isn't set.
func (e *Endpoint) Env(variable string) string {
	if variable == "" {
		return ""
	}
	value, _ := e.Config.LookupEnv(variable)
	return strings.TrimSpace(value)
}

func withDefaults(c model.Config) model.Config {
	if c.LookupEnv == nil {
		c.LookupEnv = os.LookupEnv
	}
	if c.HTTPClient == nil {
		c.HTTPClient = sharedClient()
	} else {
		c.HTTPClient = outbound.Guard(c.HTTPClient)
	}
	c.HeaderTimeout = cmp.Or(c.HeaderTimeout, outbound.DefaultTimeout)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, outbound.DefaultTimeout)
	return c
}

// sharedClient returns the default client. It is shared so that models that are made for
// a single request reuse connections.
var sharedClient = sync.OnceValue(newClient)

// newClient returns a client that keeps enough idle connections for many runs at once. It
// asks a connection that is silent whether it is alive: a platform's network may have
// forgotten it while the instance was frozen, and nobody would say so.
func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second}
	// Each answer under way has a connection with buffers of its own where the provider
	// has no HTTP/2. Larger bodies of requests bypass the one for writing.
	transport.WriteBufferSize, transport.ReadBufferSize = 1<<10, 2<<10
	client := outbound.NewClient()
	client.Transport = transport
	return client
}
