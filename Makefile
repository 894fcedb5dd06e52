# Two commands are all a new user needs:
#   make run    builds everything and starts a server on this machine
#   make test   runs every test, real browser included
# The others are for whoever works on Préau.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: run build test root packages unit fuzz load e2e lint format bench bench-links bench-visits generate clean

WEB_SOURCES := $(shell find web/src web/worker web/messages web/public web/index.html web/*.ts web/*.js -type f 2>/dev/null)
GO_FORMATTED := cmd sfu signaling recorder web loadtest

run: build
	bin/preau serve --dev

build: web/dist/index.html
	go build -o bin/preau ./cmd/preau

# Not `npm ci`: it refuses a lock file in which another platform's optional
# packages are missing.
web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run --silent build

# Everything that must hold before a change lands.
test: packages root lint unit fuzz load e2e

# Said at once, not after ten minutes: browsers behind weak links need networks of their own, which a
# container's root may not make.
root:
	@unshare --net true 2>/dev/null || { \
	  echo "make test needs root, for network namespaces and TUN devices (sudo make test);"; \
	  echo "make lint, make unit and make fuzz do without, and skip what needs it."; exit 1; }

# First of all: what is missing is said at once, not after ten minutes of tests.
packages:
	deploy/install-packages

lint: web/dist/index.html
	go vet ./...
	@unformatted="$$(go tool gofumpt -l $(GO_FORMATTED))"; \
	  if [ -n "$$unformatted" ]; then echo "not formatted (make format):"; echo "$$unformatted"; exit 1; fi
	go tool staticcheck ./...
	cd web && npm run --silent lint && npm run --silent check

# The race detector is C: without cgo there is none.
unit: export CGO_ENABLED = 1
unit: packages web/dist/index.html
	cd web && npm test --silent
	go test -race -run '^$$' ./... >/dev/null # builds them all, two at a time
	go test -race -p 2 -timeout 10m ./...     # they wait more than they compute
	go test ./sfu/internal/simulate           # a thousand traces, for which the detector is too slow

# Every parser of network bytes, FUZZTIME each, beside its committed corpus.
FUZZTIME ?= 7s
fuzz: web/dist/index.html
	.ci/fuzz $(FUZZTIME)

e2e: packages root build
	cd web && npm run --silent e2e

# A class of 60 beside what the machine itself asks for a packet: nobody loses one, at twice the cost at most.
load: build
	bin/preau load bench --short --strict

# What this machine carries, beside its limit: three minutes, with nothing else to do. Then single steps by themselves.
bench: build
	bin/preau load bench
	go test -run '^$$' -bench . -benchmem ./sfu/... ./signaling/...

# A lesson behind each weak link with real browsers, into loadtest/results/; loadtest/README.md
# says how single rows and other servers are asked for. Needs root and a quiet machine, for long.
bench-links: packages build
	cd web && npm run --silent bench

# From the click on the invitation to the first sound behind EDGE: ten pupils, each of them twice.
bench-visits: packages build
	cd web && npm run --silent bench-visits

generate: web/node_modules/.package-lock.json
	cd signaling/classpb && ../../web/node_modules/.bin/buf lint && ../../web/node_modules/.bin/buf generate

format:
	go tool gofumpt -w $(GO_FORMATTED)
	cd web && npm run --silent format

clean:
	rm -rf bin web/node_modules
	find web/dist -mindepth 1 ! -name .keep -delete
