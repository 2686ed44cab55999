package bundle

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/store/postgres"
	"github.com/copilotkit-go/runtime/core/store/redis"
)

// StoreAt opens the store at an address as COPILOTKIT_STORE has it, without a runtime.
// Whoever calls it closes the store. Of the options it heeds [WithStore] and
// [WithLogger]. Its errors don't show the address's password.
func StoreAt(ctx context.Context, address string, options ...Option) (store.Store, error) {
	var settings Settings
	if err := setStore(&settings, address); err != nil {
		return nil, &EnvError{Name: "COPILOTKIT_STORE", Err: err}
	}
	return openStore(ctx, &settings, collect(options))
}

// openStore opens the store that COPILOTKIT_STORE names.
func openStore(ctx context.Context, settings *Settings, parts parts) (store.Store, error) {
	scheme := settings.Store.Scheme()
	if scheme == "" {
		return memory.New(memory.Limits{}), nil
	}
	openRedis := func(ctx context.Context, address string) (store.Store, error) {
		opened, err := redis.Open(ctx, address, redis.Options{Logger: parts.logger})
		if err != nil {
			return nil, err // not the nil pointer in an interface
		}
		return opened, nil
	}
	openPostgres := func(ctx context.Context, address string) (store.Store, error) {
		opened, err := postgres.Open(ctx, address, postgres.Options{Logger: parts.logger, IAM: databasePasswords(parts)})
		if err != nil {
			return nil, err // not the nil pointer in an interface
		}
		return opened, nil
	}
	known := map[string]OpenStore{"redis": openRedis, "rediss": openRedis, "postgres": openPostgres, "postgresql": openPostgres}
	maps.Copy(known, parts.stores)
	open, ok := known[scheme]
	if !ok {
		names := append(slices.Collect(maps.Keys(known)), "memory")
		slices.Sort(names)
		return nil, &EnvError{Name: "COPILOTKIT_STORE", Err: fmt.Errorf("this program has no store of the kind %q; it has %s", scheme, strings.Join(names, ", "))}
	}
	opened, err := open(ctx, settings.Store.Reveal())
	if err != nil {
		return nil, &EnvError{Name: "COPILOTKIT_STORE", Err: settings.Store.hide(err)}
	}
	return opened, nil
}

// databasePasswords returns the ways to sign in to a database. One that signs in to
// Google's models has tokens that its databases take for a password.
func databasePasswords(parts parts) map[string]postgres.PasswordFunc {
	passwords := maps.Clone(parts.passwords)
	sign, ok := parts.signIns["google"]
	if !ok {
		return passwords
	}
	passwords["google"] = func(ctx context.Context, _ postgres.Login) (string, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://sqladmin.googleapis.com/", nil)
		if err != nil {
			return "", err
		}
		if err := sign(request, nil); err != nil {
			return "", err
		}
		return strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer "), nil
	}
	return passwords
}
