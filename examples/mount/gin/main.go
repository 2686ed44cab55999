// The runtime in a gin engine, beside other routes.
//
//	COPILOTKIT_MODEL=demo COPILOTKIT_AUTH=none go run ./gin
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"

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
	router := gin.New()
	router.Use(gin.Recovery())
	router.Any("/api/copilotkit/*path", gin.WrapH(runtime))
	router.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok") })
	return router
}
