package redis

import (
	"context"
	_ "embed"

	goredis "github.com/redis/go-redis/v9"
)

// What must happen in one step is a script: it runs on the server, at once and
// alone, and takes one round trip.
var (
	//go:embed lua/common.lua
	commonLua string
	//go:embed lua/begin.lua
	beginLua string
	//go:embed lua/adopt.lua
	adoptLua string
	//go:embed lua/append.lua
	appendLua string
	//go:embed lua/hold.lua
	holdLua string
	//go:embed lua/finish.lua
	finishLua string
	//go:embed lua/read.lua
	readLua string
	//go:embed lua/stop.lua
	stopLua string
	//go:embed lua/create.lua
	createLua string
	//go:embed lua/update.lua
	updateLua string
	//go:embed lua/delete.lua
	deleteLua string
	//go:embed lua/unlist.lua
	unlistLua string

	//go:embed lua/meter.lua
	meterLua string
	//go:embed lua/admit.lua
	admitLua string
	//go:embed lua/spend.lua
	spendLua string
)

type scripts struct {
	begin, adopt, append, hold, finish, read, stop, create, update, delete, unlist *goredis.Script
	admit, spend                                                                   *goredis.Script
}

func newScripts() scripts {
	script := func(source string) *goredis.Script { return goredis.NewScript(commonLua + source) }
	return scripts{
		begin:  script(beginLua),
		adopt:  script(adoptLua),
		append: script(appendLua),
		hold:   script(holdLua),
		finish: script(finishLua),
		read:   script(readLua),
		stop:   script(stopLua),
		create: script(createLua),
		update: script(updateLua),
		delete: script(deleteLua),
		unlist: script(unlistLua),
		admit:  goredis.NewScript(meterLua + admitLua),
		spend:  goredis.NewScript(meterLua + spendLua),
	}
}

// run runs a script by its hash, and sends the source when the server doesn't
// have it yet.
func (s *Store) run(ctx context.Context, script *goredis.Script, keys []string, args ...any) *goredis.Cmd {
	return script.Run(ctx, s.client, keys, args...)
}
