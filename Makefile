# SPDX-License-Identifier: BSD-2-Clause
# ringway's build; `make help` lists what it can do.

VERSION := 0.1.0
PREFIX  ?= /usr/local
VHOST   ?= 1
WERROR  ?= 1
ifeq ($(origin CC),default)
CC := gcc
endif

# One folder per kind of build, so that they never mix.
ifdef SAN
BUILD ?= build/san
KIND  := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else ifdef TSAN
BUILD ?= build/tsan
KIND  := -fsanitize=thread
else ifdef DEBUG
BUILD ?= build/debug
KIND  := -DRINGWAY_DEBUG
else ifdef COV
BUILD ?= build/cov
KIND  := --coverage -fprofile-update=atomic
else ifdef FUZZ
BUILD ?= build/libfuzzer
KIND  := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
endif
BUILD ?= build

PKGS     := liburing libnl-3.0 libnl-route-3.0 inih libxxhash
# what ringway-bench needs beside them
BENCHPKGS := jansson libpcap
PKGFLAGS  = $(shell pkg-config --cflags $(PKGS))
PKGLIBS   = $(shell pkg-config --libs $(PKGS))
OPT      ?= $(if $(COV),-O0,-O2)
CFLAGS   ?= $(OPT) -g
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            $(if $(filter 1,$(WERROR)),-Werror)
DEFS     := -D_GNU_SOURCE -DRINGWAY_VERSION='"$(VERSION)"' -DRINGWAY_VHOST=$(VHOST)
ALLFLAGS  = -std=gnu11 -I. -MMD -MP -pthread $(DEFS) $(WARN) $(CFLAGS) $(KIND) $(PKGFLAGS)

CORE  := $(wildcard core/*.c)
STAGE := $(if $(filter 1,$(VHOST)),$(wildcard vhost/*.c))
IO    := $(filter-out io/control/main.c,$(wildcard io/*/*.c))
LIB   := $(CORE) $(STAGE) $(IO)
UNIT  := $(wildcard tests/unit/test_*.c)
FAULT := $(wildcard tests/fault/*.c)
BENCH := $(wildcard bench/*.c)
BENCHLIB := $(filter-out bench/cli/bench_main.c,$(wildcard bench/*/*.c))
FUZZED := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_SECONDS ?= 60

obj    = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT))
FAULTS := $(patsubst tests/fault/%.c,$(BUILD)/fault/%,$(FAULT))
BENCHES := $(patsubst bench/%.c,$(BUILD)/bench/%,$(BENCH))
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZED))

.PHONY: all programs tests fuzzers check fuzz demo bench bench-peers bench-vm deps install uninstall clean help law format
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/ringway

# --- what is built ------------------------------------------------------------

programs: $(BUILD)/ringway $(BUILD)/ringway-bench $(BENCHES)
tests: programs $(UNITS) $(FAULTS) $(FUZZERS)
fuzzers: $(FUZZERS)

$(BUILD)/ringway: $(call obj,io/control/main.c) $(BUILD)/libringway.a
	$(LINK)
$(BUILD)/ringway-bench: $(call obj,bench/cli/bench_main.c) $(BUILD)/libbench.a $(BUILD)/libringway.a
	$(LINK) $(BENCHLIBS)
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libbench.a $(BUILD)/libringway.a
	$(LINK) $(BENCHLIBS) -lcmocka
$(BUILD)/fault/%: $(BUILD)/obj/tests/fault/%.o $(BUILD)/libringway.a
	$(LINK)
$(BUILD)/bench/%: $(BUILD)/obj/bench/%.o $(BUILD)/libringway.a
	$(LINK)
# a fuzz target: fed by libFuzzer with FUZZ=1, by replay.c with files otherwise
ifdef FUZZ
$(BUILD)/fuzz/%: LDFLAGS += -fsanitize=fuzzer
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/libbench.a $(BUILD)/libringway.a
	$(LINK) $(BENCHLIBS)
else
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/replay.o $(BUILD)/libbench.a $(BUILD)/libringway.a
	$(LINK) $(BENCHLIBS)
endif
LINK = @mkdir -p $(@D) && echo "  LD $@" && \
       $(CC) $(CFLAGS) $(KIND) -pthread $(LDFLAGS) -o $@ $^ $(PKGLIBS)
BENCHLIBS = $(shell pkg-config --libs $(BENCHPKGS)) -lm

$(BUILD)/libringway.a: $(call obj,$(LIB))
$(BUILD)/libcore.a: $(call obj,$(CORE))
$(BUILD)/libbench.a: $(call obj,$(BENCHLIB))
$(BUILD)/lib%.a:
	@mkdir -p $(@D) && rm -f $@ && $(AR) rcs $@ $^

# core keeps to stricter conversions
$(call obj,$(CORE)): WARN += -Wconversion
$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D) && echo "  CC $<" && $(CC) $(ALLFLAGS) -c -o $@ $<

# rewritten when the flags change, so that everything is built again
$(BUILD)/flags: FORCE
	@mkdir -p $(@D) && echo '$(CC) $(subst ','\'',$(DEFS)) $(CFLAGS) $(WERROR)' | \
	 { cmp -s - $@ || echo '$(CC) $(subst ','\'',$(DEFS)) $(CFLAGS) $(WERROR)' > $@; }
FORCE:

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- what is done -------------------------------------------------------------

check: ; @$(MAKE) --no-print-directory deps FOR=check && exec tests/check
demo:  ; @$(MAKE) --no-print-directory deps FOR=demo && $(MAKE) --no-print-directory programs && exec bench/demo
# each target for FUZZ_SECONDS; what it finds worth keeping goes to build/libfuzzer/corpus
fuzz:
	@$(MAKE) --no-print-directory deps FOR=check
	@$(MAKE) --no-print-directory FUZZ=1 CC=clang BUILD=build/libfuzzer fuzzers
	@for f in $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZED)); do \
	   d=build/libfuzzer/corpus/$$f; mkdir -p $$d tests/fuzz/corpus/$$f && echo "--- $$f" && \
	   build/libfuzzer/fuzz/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 \
	     -artifact_prefix=build/libfuzzer/$$f- $$d tests/fuzz/corpus/$$f || exit 1; done
bench: ; @$(MAKE) --no-print-directory deps FOR=demo && $(MAKE) --no-print-directory programs && exec $(BUILD)/ringway-bench peers --quick --rounds 3 --jobs short --json $(BUILD)/bench.json
bench-peers: ; @$(MAKE) --no-print-directory deps FOR=bench-peers && $(MAKE) --no-print-directory programs && exec $(BUILD)/ringway-bench peers --out $(BUILD)/results --markdown bench/RESULTS.md
bench-vm: ; @$(MAKE) --no-print-directory deps FOR=bench-vm && $(MAKE) --no-print-directory programs && exec bench/vm
deps:  ; @./tests/deps $(FOR)

SHARED := $(DESTDIR)$(PREFIX)/share
install: $(BUILD)/ringway $(BUILD)/ringway-bench $(BUILD)/bench/rwloop
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,sbin bin libexec/ringway) $(addprefix $(SHARED)/,man/man1 man/man5 man/man8 ringway/cases)
	install -m 0755 $(BUILD)/ringway $(DESTDIR)$(PREFIX)/sbin/ringway
	install -m 0755 $(BUILD)/ringway-bench $(DESTDIR)$(PREFIX)/bin/ringway-bench
	install -m 0755 $(BUILD)/bench/rwloop $(DESTDIR)$(PREFIX)/libexec/ringway/rwloop
	install -m 0644 man/ringway.8 $(SHARED)/man/man8/ringway.8
	install -m 0644 man/ringway.conf.5 $(SHARED)/man/man5/ringway.conf.5
	install -m 0644 man/ringway-bench.1 $(SHARED)/man/man1/ringway-bench.1
	install -m 0644 bench/cases/*.case $(SHARED)/ringway/cases
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/ringway $(DESTDIR)$(PREFIX)/bin/ringway-bench
	rm -f $(SHARED)/man/man8/ringway.8 $(SHARED)/man/man5/ringway.conf.5 $(SHARED)/man/man1/ringway-bench.1
	rm -f $(addprefix $(SHARED)/ringway/cases/,$(notdir $(wildcard bench/cases/*.case)))
	rm -f $(DESTDIR)$(PREFIX)/libexec/ringway/rwloop
	[ ! -d $(DESTDIR)$(PREFIX)/libexec/ringway ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(PREFIX)/libexec/ringway
	[ ! -d $(SHARED)/ringway/cases ] || rmdir -p --ignore-fail-on-non-empty $(SHARED)/ringway/cases

clean: ; rm -rf build
format: ; clang-format -i $$(git ls-files '*.[ch]')

help:
	@echo 'make                 build build/ringway'
	@echo 'make deps            install what building, demo and tests need (Debian), or print the list'
	@echo 'make demo            two namespaces, two TAPs, ping, iperf3, small packets, live counters'
	@echo 'make check           every test; ends with "N passed, N failed, N skipped"'
	@echo 'make fuzz            each fuzz target for FUZZ_SECONDS=60 with libFuzzer (clang)'
	@echo 'tests/check TIER...  some: build law unit fault net vm san tsan cov; vm boots guests with a vhost-net'
	@echo 'make bench           ringway beside the forwarders that are installed: a short interleaved set'
	@echo 'make bench-peers     installs those that are not (their daemons are not started), measures all,'
	@echo '                     and writes bench/RESULTS.md and $(BUILD)/results'
	@echo 'make bench-vm        vhost-net, io_uring, epoll and DPDK testpmd in a guest; UML=linux.uml there, too'
	@echo 'make install         into $$(DESTDIR)$$(PREFIX), PREFIX=/usr/local'
	@echo 'make uninstall clean format help'
	@echo 'VHOST=0              leave the vhost-net stage out'
	@echo 'SAN=1 TSAN=1 COV=1   address+undefined sanitizers, thread sanitizer, coverage; in build/san, tsan, cov'
	@echo 'DEBUG=1              with hooks that let the tests spoil what vhost-net gets; in build/debug'
	@echo 'CC=clang             another compiler; WERROR=0: warnings do not end the build'
