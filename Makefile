# The verbs of this project. Each installs what it needs by itself, says so, and may be run again; without network when all is
# there. Build folders: build (release), build-test (sanitizers), build-clang, build-tsan, build-fuzz, build-check (logs).
.PHONY: build run test check bench fuzz crash demo fmt clean install

PREFIX ?= /usr/local
# Rounds of `make crash`; seconds of each target of `make fuzz`; which ones: all unless TARGETS names some.
ROUNDS ?= 20
SECONDS_EACH ?= 60
TARGETS ?=

# The server and the command line, at build/reeved, build/reeve and build/docker-credential-reeve.
build:
	@scripts/install-packages run
	@scripts/configure build -Dtests=false -Dprefix=$(PREFIX)
	@ninja -C build --quiet
	@if [ -x build/reeve ]; then ln -sf reeve build/docker-credential-reeve; fi

# Serves on 127.0.0.1:8080 with its data in ./var, for a registry on localhost:5000 unless REEVE_REGISTRIES names others.
run: build
	@REEVE_REGISTRIES="$${REEVE_REGISTRIES:-localhost:5000}" exec build/reeved --data ./var

# All tests, with AddressSanitizer and UndefinedBehaviorSanitizer. Ends with: N passed, N failed.
test:
	@scripts/test

# What CI runs besides the tests. Ends with: N passed, N failed.
check:
	@scripts/install-packages run test check
	@scripts/run-checks

# Ratios to baselines of the same run, in build/bench/results.json; see tests/bench/README.md.
bench: build
	@scripts/install-packages run test bench
	@scripts/install-node
	@ninja -C build --quiet bench-programs
	@tests/bench/run build

fuzz:
	@SECONDS_EACH=$(SECONDS_EACH) scripts/fuzz $(TARGETS)

# Kills the server in the middle of writes, ROUNDS times, and compares what it acknowledged with what it kept.
crash: build
	@scripts/install-packages run test
	@scripts/install-node
	@ROUNDS=$(ROUNDS) scripts/optional tests/crash/run build

# The registry's token service in front of a real registry, and the walk of the README over it.
demo: build
	@scripts/install-packages run test
	@scripts/install-node
	@REEVE_BUILD=$(CURDIR)/build tests/e2e/.node/bin/node --test tests/e2e/quickstart.test.mjs tests/e2e/registry.test.mjs

fmt:
	@find src tools tests -name node_modules -prune -o -name .node -prune -o \
		\( -name '*.c' -o -name '*.h' -o -name '*.cc' \) -print | xargs clang-format-14 -i

install: build
	@meson install -C build --no-rebuild

clean:
	rm -rf build build-test build-clang build-tsan build-fuzz build-check
