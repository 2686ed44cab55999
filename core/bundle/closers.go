package bundle

import (
	"errors"
	"io"
	"reflect"
	"slices"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
)

// closers holds what must be closed, in the order in which it was opened.
type closers struct{ list []io.Closer }

// add adds a value that is an io.Closer, once.
func (c *closers) add(value any) {
	closer, ok := value.(io.Closer)
	if !ok || reflect.ValueOf(value).Comparable() && slices.Contains(c.list, closer) {
		return
	}
	c.list = append(c.list, closer)
}

// close closes everything in reverse order.
func (c *closers) close() error {
	var errs []error
	for _, closer := range slices.Backward(c.list) {
		errs = append(errs, closer.Close())
	}
	return errors.Join(errs...)
}

// closeWith extends OnClose of a configuration to close what was opened for the runtime,
// its agents and its tool sources. A hook that is already set runs first.
func (p parts) closeWith(config *core.Config) {
	all := &closers{list: slices.Clone(p.opened.list)}
	for _, source := range p.sources {
		all.add(source)
	}
	for _, a := range config.Agents {
		if closer, ok := agent.As[io.Closer](a); ok {
			all.add(closer)
		}
	}
	first := config.Hooks.OnClose
	config.Hooks.OnClose = func() error {
		if first == nil {
			return all.close()
		}
		return errors.Join(first(), all.close())
	}
}
