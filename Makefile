# The verbs of this project. Each installs what it needs by itself and may be run again.
.PHONY: build run test check crash demo bench fuzz fmt clean install

build:
	@scripts/install-packages run
	@scripts/configure build -Dtests=false
	@ninja -C build

run: build
	exec build/reeved --data ./var

test:
	@scripts/test

check:
	@scripts/install-packages run test check
	@scripts/run-checks

demo: build
	@scripts/install-packages test
	@REEVE_BUILD=build node --test tests/e2e/registry.test.mjs

fmt:
	@clang-format-14 -i $$(find src tests tools -name '*.[ch]')

clean:
	rm -rf build build-test build-clang

install: build
	meson install -C build

bench fuzz crash:
	@echo "make $@ is not there yet; see the closing words of README.md" >&2
	@exit 1
