package redis

import (
	"context"
	"fmt"
	"log/slog"

	goredis "github.com/redis/go-redis/v9"
)

// LogTo sends what the driver says of its connections to a logger, at the level
// debug: what matters is in the errors of the store. The driver has one logger
// per process, which otherwise writes to standard error; a program that uses the
// driver for other things too sets it by itself.
func LogTo(logger *slog.Logger) {
	goredis.SetLogger(driverLog{logger})
}

type driverLog struct{ logger *slog.Logger }

func (l driverLog) Printf(ctx context.Context, format string, values ...any) {
	if l.logger.Enabled(ctx, slog.LevelDebug) {
		l.logger.DebugContext(ctx, "redis driver", "message", fmt.Sprintf(format, values...))
	}
}
