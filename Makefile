# make            builds .build/release/xio, one static file
# make demo       builds it and copies a file with every engine and every cache mode
# make test       installs what is missing and runs every check that a change must pass
# make stress     runs the suites that are left out of that: ONLY=PATTERN chooses among them
# make soak       repeats the suites that a change touches, N times in each of three weathers
# make conformance  runs GNU's own tests of cat, tail and cp with this program in their place
# make install    installs the program, its manual and completions below $(DESTDIR)$(PREFIX);
#                 with MULTICALL=1 also links named cat, cp and tail, in libexec/xio/bin
# make uninstall  removes what that installed
# make deb        makes a Debian package in .build/dist
# make dist       makes a tarball of the committed source in .build/dist
# make docs       writes man and completions anew, from man/src and the program's options

PREFIX ?= /usr/local
DESTDIR ?=
MULTICALL ?=
SWIFT ?= swift
JOBS ?= $(shell nproc)

program := .build/release/xio
build := $(SWIFT) build --jobs $(JOBS)
# Names of source files are those below the checkout, so that it does not matter where that is; those of the modules'
# cache would have a digest of the place.
relative := -Xswiftc -Xfrontend -Xswiftc -no-clang-module-breadcrumbs -Xswiftc -file-prefix-map -Xswiftc "$(CURDIR)=." -Xcc "-ffile-prefix-map=$(CURDIR)=."

# Two builds at once, or two installations, would wait for each other or fail.
.NOTPARALLEL:

.PHONY: all release setup setup-test resolve tests builds lint test checks stress soak conformance demo docs install \
  uninstall deb dist clean

all: release

release: setup
	$(build) --configuration release -Xswiftc -static-executable $(relative) --product xio

setup:
	@SWIFT="$(SWIFT)" ./scripts/setup.sh

setup-test:
	@SWIFT="$(SWIFT)" ./scripts/setup.sh test

lint:
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift

resolve:
	$(SWIFT) package resolve </dev/null

tests:
	$(build) --scratch-path .build-tests --build-tests

# Both builds are chains of modules, so that one of them alone leaves a processor idle.
builds: setup-test resolve
	@./scripts/phase.sh build-release 1500 $(MAKE) --no-print-directory release & release=$$!; \
	./scripts/phase.sh build-tests 1500 $(MAKE) --no-print-directory tests; tests=$$?; \
	wait $$release && exit $$tests

# A limit outside of everything, so that nothing can hang for ever. At a terminal, Ctrl-C must still
# reach what runs.
foreground := $(shell test -t 2 && echo --foreground)
test:
	timeout $(foreground) --kill-after 30 40m $(MAKE) --no-print-directory checks </dev/null

checks:
	@./scripts/phase.sh setup 900 $(MAKE) --no-print-directory setup-test
	@./scripts/phase.sh lint 120 $(MAKE) --no-print-directory lint
	@./scripts/phase.sh resolve 300 $(MAKE) --no-print-directory resolve
	@$(MAKE) --no-print-directory builds
	@./scripts/phase.sh check-release 60 ./scripts/check-release.sh $(program)
	@./scripts/phase.sh check-install 120 ./scripts/check-install.sh
	./scripts/run-tests.sh $(program) .build-tests/debug test

stress: builds
	./scripts/run-tests.sh $(program) .build-tests/debug stress '$(ONLY)'

N ?= 5
soak: builds
	./scripts/soak.sh $(program) .build-tests/debug $(N) </dev/null

conformance: release
	@SWIFT="$(SWIFT)" ./scripts/setup.sh conformance
	timeout $(foreground) --kill-after 30 30m ./scripts/conformance.sh $(program) </dev/null

demo: release
	./scripts/demo.sh $(program)

# Only where there is none: root installs what somebody else has built.
$(program):
	@$(MAKE) --no-print-directory release

place := $(DESTDIR)$(PREFIX)
pages := $(wildcard man/*.[1-9])
links := cat cp tail

install: $(program)
	install -d "$(place)/bin"
	install -m 755 $(program) "$(place)/bin/xio"
	set -e; for page in $(pages); do \
	  install -D -m 644 "$$page" "$(place)/share/man/man$${page##*.}/$${page#man/}"; done
	install -D -m 644 completions/xio.bash "$(place)/share/bash-completion/completions/xio"
	install -D -m 644 completions/_xio "$(place)/share/zsh/site-functions/_xio"
	install -D -m 644 completions/xio.fish "$(place)/share/fish/vendor_completions.d/xio.fish"
ifneq ($(MULTICALL),)
	install -d "$(place)/libexec/xio/bin"
	set -e; for name in $(links); do ln -sf ../../../bin/xio "$(place)/libexec/xio/bin/$$name"; done
endif

uninstall:
	rm -f "$(place)/bin/xio" "$(place)/share/bash-completion/completions/xio" \
	  "$(place)/share/zsh/site-functions/_xio" "$(place)/share/fish/vendor_completions.d/xio.fish"
	for page in $(pages); do rm -f "$(place)/share/man/man$${page##*.}/$${page#man/}"; done
	for name in $(links); do rm -f "$(place)/libexec/xio/bin/$$name"; done
	rmdir -p --ignore-fail-on-non-empty "$(place)/libexec/xio/bin" 2>/dev/null || true

docs: setup
	$(build) --product xio-docs
	.build/debug/xio-docs

deb: $(program)
	./scripts/make-deb.sh $(program) .build/dist

dist:
	./scripts/make-dist.sh .build/dist

clean:
	rm -rf .build .build-tests
