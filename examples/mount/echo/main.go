// The runtime in an echo instance, beside other routes.
//
//	COPILOTKIT_MODEL=demo COPILOTKIT_AUTH=none go run ./echo
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/copilotkit-go/runtime/core/bundle"
)

func main() {
	runtime, err := bundle.New(context.Background(), os.Environ)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", newRouter(runtime)))
}

// newRouter mounts the runtime. The handler strips its base path itself.
func newRouter(runtime http.Handler) http.Handler {
	router := echo.New()
	router.Use(middleware.Recover())
	router.Any("/api/copilotkit/*", echo.WrapHandler(runtime))
	router.GET("/healthz", func(c *echo.Context) error { return c.String(http.StatusOK, "ok") })
	return router
}
