# make            builds .build/release/xio, one static file
# make demo       builds it and copies a file with every engine and every cache mode
# make test       installs what is missing and runs every check
# make install    installs the program below $(DESTDIR)$(PREFIX)

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
JOBS ?= $(shell nproc)

program := .build/release/xio
build := $(SWIFT) build --jobs $(JOBS)

# Tests that change settings of the whole machine, which the others must not notice.
apart := XIOGlobalStateTests
swift_test := XIO_UNDER_TEST="$(CURDIR)/$(program)" $(SWIFT) test --skip-build

# Two builds at once, or two installations, would wait for each other or fail.
.NOTPARALLEL:

.PHONY: all release setup setup-test test lint demo install clean

all: release

release: setup
	$(build) --configuration release -Xswiftc -static-executable --product xio

setup:
	@SWIFT="$(SWIFT)" ./scripts/setup.sh

setup-test:
	@SWIFT="$(SWIFT)" ./scripts/setup.sh test

lint: setup
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift

test: setup-test lint release
	./scripts/check-release.sh $(program)
	$(build) --build-tests
	$(swift_test) --skip '^$(apart)\.'
ifneq ($(wildcard Tests/$(apart)),)
	$(swift_test) --filter '^$(apart)\.'
endif

demo: release
	./scripts/demo.sh $(program)

# Only where there is none: root installs what somebody else has built.
$(program):
	@$(MAKE) --no-print-directory release

install: $(program)
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 $(program) "$(DESTDIR)$(PREFIX)/bin/xio"

clean:
	rm -rf .build
