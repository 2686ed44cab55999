# `make run` serves, `make test` tests. `make help` lists all targets.

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

.PHONY: image
image: ## Build dist/image.tar, a container image for amd64 and arm64, reproducibly (PUSH=registry/name:tag pushes it)
	cd scripts/image && $(GO) run . -output "$(CURDIR)/dist/image.tar" $(if $(PUSH),-push '$(PUSH)')

.PHONY: package-lambda deploy-lambda deploy-gcf deploy-vercel
package-lambda: ## Build dist/lambda-arm64.zip and dist/lambda-amd64.zip, reproducibly
	$(GO) run ./scripts/packagelambda dist

deploy-lambda: ## Deploy to AWS with the SAM CLI (ARGS=… for sam deploy)
	@scripts/deploy-lambda.sh $(value ARGS)

deploy-gcf: ## Deploy to Google Cloud Functions with gcloud (ARGS=… for it)
	@scripts/deploy-gcf.sh $(value ARGS)

deploy-vercel: ## Deploy to Vercel with its CLI (ARGS=… for vercel deploy)
	@scripts/deploy-vercel.sh $(value ARGS)

# --- Release -----------------------------------------------------------------

.PHONY: release release-snapshot
# Who makes a release again gets the same files, so that all use the same Go.
release: export GOTOOLCHAIN = $(shell sed -n 's/^toolchain //p' go.mod)
release: ## Make the files of a release of the commit's tag in dist/release (TAG=v1.2.3)
	rm -rf dist/release dist/release-notes.md
	cd test/tools && $(GO) run ./release -version "$${TAG:?is the version, such as v1.2.3}" ../../dist/release

release-snapshot: ## Make the files of a release of this commit, tagged or not, in dist/release
	rm -rf dist/release dist/release-notes.md
	cd test/tools && $(GO) run ./release ../../dist/release

# --- Test --------------------------------------------------------------------

.PHONY: test test-tools compile suites steady soak fuzz lint dependencies unit examples peers playground conformance e2e tidy
# Those that take longest begin first.
SUITES = unit e2e playground conformance dependencies lint peers examples
# Suites that don't need the race detector compile everything in the way of deployments, so
# that what one has compiled is there for all.
alike = lint dependencies examples peers playground conformance e2e
$(alike): export CGO_ENABLED = 0
$(alike): export GOFLAGS = $(shell $(GO) env GOFLAGS) -trimpath
test: ## Run everything that continuous integration runs
	@$(MAKE) --no-print-directory --jobs=2 test-tools compile
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target suites
	@echo "All tests passed."

suites: $(SUITES)

steady: test-tools ## Run each suite N times on busy processors (N=20, SUITES="unit e2e")
	@scripts/steady.sh $(or $(N),20) $(SUITES)

soak: test-tools ## Run a thousand streams at once, ten thousand runs and a thousand stops on every store (minutes)
	$(GO) test ./test/soak -count=1 -v -timeout=30m -streams=1000 -runs=10000
	$(GO) test $(addprefix ./core/store/,memory sqlite redis postgres dynamodb) -count=1 -v -timeout=30m -run='TestStopAndSend|^TestStore$$/stopped' -stops=1000

fuzz: ## Run every fuzz target for a while (FUZZTIME=10m, ONLY=core/agui for some)
	$(GO) run ./scripts/fuzz -time $(or $(FUZZTIME),10m) -only '$(ONLY)'

test-tools: ## Install the programs and npm packages that the tests need
	@scripts/install-test-tools.sh

# With an empty build cache compiling takes as long as installing.
compile:
	@GO="$(GO)" scripts/unit.sh compile

lint: ## Check gofmt, go vet, staticcheck and go.mod files, in every module of the repository
	@scripts/lint.sh

dependencies: ## Check checksums, known vulnerabilities, licences and the Go version of what is deployed
	$(GO) mod verify
	cd test/tools && $(GO) test -count=1 ./... && $(GO) run ./toolchain
	cd test/tools && $(GO) run ./vulncheck
	cd test/tools && $(GO) run ./licences . ./lambda ./vercel/server ./cmd/copilotkit

tidy: ## Tidy the go.mod files of all modules
	@scripts/each-module.sh . $(GO) mod tidy

unit: ## Run the Go tests, with the race detector
	@GO="$(GO)" scripts/unit.sh

examples: ## Build and test the examples, and the scripts, with their own module
	@scripts/each-module.sh examples $(GO) test ./...
	@scripts/each-module.sh scripts $(GO) test ./...

peers: test-tools dist/copilotkit ## Test the server with the AG-UI clients for TypeScript and Go
	cd test/peers/typescript && npm --silent test
	cd test/peers/go && $(GO) test -count=1 ./...

playground: test-tools ## Test the playground in headless Chromium
	cd test/e2e && node --test --test-concurrency=2 --test-reporter=spec --test-timeout=300000 playground*.test.mjs

conformance: test-tools ## Compare the answers of the reference runtime and of this one
	cd test/conformance && npm --silent test

e2e: test-tools ## Test the React example, with CopilotKit's own UI, in headless Chromium
	cd test/e2e && npm --silent test

# --- Measure -----------------------------------------------------------------

.PHONY: bench
bench: ## Measure the server, a bare relay and the reference, and run the Go benchmarks
	$(GO) run ./test/bench -linear docs/linear.svg
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: clean
clean: ## Remove what the other targets have built
	rm -rf dist .cache
