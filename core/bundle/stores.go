package bundle

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/store"
)

// openStore opens what COPILOTKIT_STORE names.
func openStore(ctx context.Context, settings *Settings, parts parts) (store.Store, error) {
	scheme := settings.Store.Scheme()
	if scheme == "" {
		return store.NewMemory(store.MemoryLimits{}), nil
	}
	open, ok := parts.stores[scheme]
	if !ok {
		known := append(slices.Collect(maps.Keys(parts.stores)), "memory")
		slices.Sort(known)
		return nil, &EnvError{Name: "COPILOTKIT_STORE", Err: fmt.Errorf("this program has no store of the kind %q; it has %s", scheme, strings.Join(known, ", "))}
	}
	opened, err := open(ctx, settings.Store.Reveal())
	if err != nil {
		return nil, &EnvError{Name: "COPILOTKIT_STORE", Err: settings.Store.hide(err)}
	}
	return opened, nil
}
