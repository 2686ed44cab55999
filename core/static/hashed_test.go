package static_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/static"
)

func TestADigestInANameIsToldFromWhatPeopleWrite(t *testing.T) {
	tests := map[string]bool{
		// Vite
		"assets/index-DMm9YOAa.js": true, "assets/KaTeX_Main-Bold-waoOVXN0.ttf": true, "assets/Caligraphic-Regular-CTRA-rTL.woff": true,
		"assets/index-BEZu30eg.css": true, "assets/sql-DFEb-zuA.js": true, "assets/narrat-_X_XdTYD.js": true,
		// Angular and esbuild
		"main-K3WUBZKD.js": true, "chunk-ABCDEFGH.js": true, "media/inter-X7ZQK2PL.woff2": true,
		// webpack, Rspack, Parcel
		"static/js/main.3f2a1b9c.js": true, "static/js/787.3f2a1b9c.chunk.js": true, "static/css/main.3f2a1b9c.css": true,
		"static/js/main.3f2a1b9c.js.map": true, "0123456789abcdef0123.js": true, "index.3f2a1b9c.js": true,
		// folders that have nothing else
		"_next/static/chunks/main-app.js": true, "_next/static/5WYg0Y/_buildManifest.js": true, "_nuxt/DlAUqK2U.js": true,
		"_astro/index.DAlX1234.css": true, "_app/immutable/entry/start.js": true,

		"index.html": false, "sw.js": false, "favicon.ico": false, "robots.txt": false, "manifest.webmanifest": false,
		"assets/OpenSans-SemiBold.ttf": false, "assets/OpenSans-SemiBoldItalic.ttf": false, "assets/Inter-Regular.woff2": false,
		"assets/photo-20240101.jpg": false, "assets/wide-1280x720.png": false, "assets/icon-512x512.png": false, "assets/wide-1920x1080.png": false,
		"assets/my-component.js": false, "assets/jquery-migrate.js": false, "assets/arrow-iconHome.svg": false, "third-party-LICENSES.txt": false,
		"jquery.min.js": false, "app.20240101.js": false, "deadbeefcafe.js": false, "theme.fff000.css": false, "emoji/1f600.svg": false,
		"model-v1.2.3.js": false, "-.js": false, "": false, "static/js/main.js": false, "next/static/chunks/main.js": false,
	}
	for name, want := range tests {
		if got := static.Hashed(name); got != want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
