# `make run` serves, `make test` proves it. `make help` lists the rest.

GO ?= go
PORT ?= 8080

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- Serve -------------------------------------------------------------------

.PHONY: run build
run: ## Serve on 127.0.0.1:8080 with a playground page (PORT=… for another port)
	PORT=$(PORT) $(GO) run ./cmd/copilotkit

build: dist/copilotkit ## Build the local server into dist/copilotkit

.PHONY: dist/copilotkit
dist/copilotkit:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o $@ ./cmd/copilotkit

# --- Deploy ------------------------------------------------------------------

.PHONY: package-lambda deploy-lambda deploy-gcf deploy-vercel
package-lambda: ## Build dist/lambda-arm64.zip and dist/lambda-amd64.zip, reproducibly
	$(GO) run ./scripts/packagelambda dist

deploy-lambda: ## Deploy to AWS with the SAM CLI (ARGS=… for sam deploy)
	@scripts/deploy-lambda.sh $(ARGS)

deploy-gcf: ## Deploy to Google Cloud Functions with gcloud (ARGS=… for it)
	@scripts/deploy-gcf.sh $(ARGS)

deploy-vercel: ## Deploy to Vercel with its CLI (ARGS=… for vercel deploy)
	@scripts/deploy-vercel.sh $(ARGS)

# --- Prove -------------------------------------------------------------------

.PHONY: test test-tools compile suites steady soak fuzz lint dependencies unit examples peers playground conformance e2e tidy
SUITES = unit lint conformance e2e playground peers examples dependencies
test: ## Everything that continuous integration runs
	@$(MAKE) --no-print-directory --jobs=2 test-tools compile
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target suites
	@echo "All tests passed."

suites: $(SUITES)

steady: test-tools ## Each suite N times while two busy loops take the processors (N=20, SUITES="unit e2e")
	@scripts/steady.sh $(or $(N),20) $(SUITES)

soak: test-tools ## A thousand streams at once and ten thousand runs, on every store (minutes)
	$(GO) test ./test/soak -count=1 -v -timeout=30m -streams=1000 -runs=10000

fuzz: ## Every fuzz target for a while (FUZZTIME=10m)
	@GO="$(GO)" scripts/fuzz.sh $(or $(FUZZTIME),10m)

test-tools: ## Install what the tests need and this machine lacks
	@scripts/install-test-tools.sh

# Where nothing is cached yet, compiling takes as long as installing.
compile:
	@$(GO) build -race ./...

lint: ## gofmt, go vet, staticcheck and tidy go.mod files, over every module of the repository
	@scripts/lint.sh

dependencies: ## Checksums, known vulnerabilities and licences of the modules that are linked
	$(GO) mod verify
	cd test/tools && $(GO) run ./vulncheck
	cd test/tools && $(GO) run ./licences . ./lambda ./vercel/server ./cmd/copilotkit

tidy: ## Bring the go.mod files of all modules up to date
	@scripts/each-module.sh . $(GO) mod tidy

unit: ## The Go tests, with the race detector
	$(GO) test -race ./...

examples: ## Build and test the examples that have a module of their own
	@scripts/each-module.sh examples $(GO) test ./...

peers: test-tools dist/copilotkit ## Conversations with the AG-UI clients for TypeScript and Go
	cd test/peers/typescript && npm --silent test
	cd test/peers/go && $(GO) test -count=1 ./...

playground: test-tools ## The playground in headless Chromium
	cd test/e2e && node --test --test-reporter=spec --test-timeout=300000 playground.test.mjs

conformance: test-tools ## The same requests to the reference runtime and to this one, compared
	cd test/conformance && npm --silent test

e2e: test-tools ## The React example, CopilotKit's own UI, in headless Chromium
	cd test/e2e && npm --silent test

# --- Measure -----------------------------------------------------------------

.PHONY: bench
bench: ## Measure the server beside a bare relay and the reference, and run the Go benchmarks
	$(GO) run ./test/bench
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: clean
clean: ## Remove what the other targets built
	rm -rf dist .cache
