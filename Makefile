# winagg: make, make check, make install, as anyone expects. `make help` lists the targets.
#
# CC, CFLAGS, CPPFLAGS, LDFLAGS, INSTALL, PREFIX and DESTDIR belong to the user. Flavours (release, asan,
# ubsan, tsan, fuzz) are built side by side under build/FLAVOUR.

VERSION   = 0.1.0
PREFIX   ?= /usr/local
BINDIR   ?= $(PREFIX)/bin
MANDIR   ?= $(PREFIX)/share/man
BASHDIR  ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR   ?= $(PREFIX)/share/zsh/site-functions
FISHDIR  ?= $(PREFIX)/share/fish/vendor_completions.d
INSTALL  ?= install
CFLAGS   ?= -O2 -g
FLAVOUR  ?= release
B         = build/$(FLAVOUR)

comma    := ,
WARN      = -Wall -Wextra -Wpedantic -Wshadow -Wconversion
STD       = -std=c17 -D_GNU_SOURCE -DWINAGG_VERSION='"$(VERSION)"'
ALL_CFLAGS = $(STD) -Isrc $(WARN) $(HARDEN) $(CFLAGS) $(FLAVOUR_CFLAGS) -pthread -MMD -MP
LIBS      = -ljansson -lcsv -lxxhash -lm

FLAVOUR_CFLAGS_asan  = -fsanitize=address -fno-omit-frame-pointer -O1
FLAVOUR_CFLAGS_ubsan = -fsanitize=undefined -fno-sanitize-recover=all -O1
FLAVOUR_CFLAGS_sanitized = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
FLAVOUR_CFLAGS_tsan  = -fsanitize=thread -O1
FLAVOUR_CFLAGS_coverage = --coverage -fprofile-update=atomic -O0 -DCOVERAGE_FOLDER='"$(abspath $(B))"' \
    $(addprefix -Wl$(comma)--wrap=,_exit raise sandbox_enter)
FLAVOUR_CFLAGS_fuzz  = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1
FLAVOUR_CFLAGS_fuzz-undefined = -fsanitize=fuzzer-no-link,undefined -fno-sanitize-coverage=trace-cmp \
    -fsanitize-trap=undefined -ffunction-sections -O2
# Behind each execution the fuzzer goes through the counters of all that is linked.
FUZZ_LINK_fuzz-undefined = -Wl,--gc-sections -Wl,-z,start-stop-gc
FLAVOUR_CFLAGS = $(FLAVOUR_CFLAGS_$(FLAVOUR))

# What makes a fault harder to exploit, as far as the compiler knows it; CFLAGS have the last word.
# Sanitizers see more without. _FORTIFY_SOURCE wants an optimizer, and may be the user's own already.
accepted   = $(shell echo 'int main(void) { return 0; }' | \
    $(CC) -Werror $(1) -o /dev/null -x c - 2>/dev/null && echo "$(1)")
accepted_of = $(or $(call accepted,$(1)),$(foreach flag,$(1),$(call accepted,$(flag))))
ifeq ($(filter asan ubsan sanitized tsan fuzz fuzz-undefined,$(FLAVOUR)),)
PROTECT   := $(call accepted_of,-fstack-protector-strong -fstack-clash-protection \
    $(if $(findstring x86,$(shell $(CC) -dumpmachine)),-fcf-protection,-mbranch-protection=standard))
FORTIFY    = $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
HARDEN     = -fPIE $(PROTECT) $(if $(filter -O1 -O2 -O3 -Os -Ofast,$(CFLAGS)),$(FORTIFY))
HARDEN_LD := $(call accepted_of,-Wl$(comma)-z$(comma)relro -Wl$(comma)-z$(comma)now)
PIE        = $(if $(filter -static,$(LDFLAGS) $(CFLAGS)),,-pie)
endif

# glibc loads it when a thread is cancelled: where it is missing is to be seen before.
GLIBC    := $(filter-out __GLIBC__,$(shell echo __GLIBC__ | $(CC) -E -P -include features.h -x c - 2>/dev/null | tail -n 1))
CANCEL    = $(if $(filter -static,$(LDFLAGS) $(CFLAGS)),,$(if $(GLIBC),-Wl$(comma)--push-state \
    -Wl$(comma)--no-as-needed -lgcc_s -Wl$(comma)--pop-state))

SRC       = $(wildcard src/*/*.c)
OBJ       = $(SRC:src/%.c=$(B)/%.o) $(OBJ_$(FLAVOUR))
OBJ_coverage = $(B)/coverage.o
PAGES     = $(wildcard man/*.[1-9])
UNIT_SRC  = $(wildcard tests/unit/test_*.c)
UNIT      = $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
FUZZ_SRC  = $(wildcard tests/fuzz/fuzz_*.c)
FUZZ      = $(FUZZ_SRC:tests/fuzz/%.c=$(B)/fuzz/%)
REPLAY    = $(FUZZ_SRC:tests/fuzz/%.c=$(B)/replay/%)
BENCH     = $(addprefix $(B)/bench/,generate measure latency)
FUZZ_SECONDS ?= 30
FUZZ_SANITIZE ?= address,undefined
FUZZ_FLAVOUR = fuzz$(if $(findstring address,$(FUZZ_SANITIZE)),,-$(FUZZ_SANITIZE))
FUZZ_SEED ?= $(shell date +%s)

all: $(B)/winagg $(PAGES:%=$(B)/%) ## build the program (build/release/winagg)

$(B)/libwinagg.a: $(OBJ) $(B)/topics.o
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/winagg: $(B)/main.o $(B)/libwinagg.a
	$(CC) $(PROTECT) $(CFLAGS) $(FLAVOUR_CFLAGS) $(PIE) $(HARDEN_LD) $(LDFLAGS) -pthread -o $@ $^ \
	    $(LIBS) $(CANCEL)

# What --help TOPIC prints comes from the man page.
$(B)/topics.c: man/winagg.1 scripts/help-topics.awk
	@mkdir -p $(@D)
	awk -f scripts/help-topics.awk man/winagg.1 >$@.tmp && mv $@.tmp $@

$(B)/topics.o: $(B)/topics.c src/cli/topics.h Makefile
	$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -c -o $@ $<

# The program to which every state is large.
$(B)/winagg-hostile: tests/hostile.c $(B)/main.o $(B)/libwinagg.a
	$(CC) $(ALL_CFLAGS) $(CPPFLAGS) $(addprefix -Wl$(comma)--wrap=,cell_save engine_save_begin engine_save_step) \
	    $(LDFLAGS) -o $@ $^ $(LIBS)

static: $(B)/winagg-static ## build it without shared libraries (build/release/winagg-static)

$(B)/winagg-static: $(B)/main.o $(B)/libwinagg.a
	$(CC) $(PROTECT) $(CFLAGS) $(FLAVOUR_CFLAGS) $(HARDEN_LD) $(LDFLAGS) $(or $(call accepted,-static-pie),-static) \
	    -pthread -o $@ $^ $(LIBS)

$(B)/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -c -o $@ $<

$(B)/coverage.o: tests/coverage.c src/base/sandbox.h Makefile
	@mkdir -p $(@D)
	$(CC) $(filter-out --coverage,$(ALL_CFLAGS)) $(CPPFLAGS) -c -o $@ $<

$(B)/unit/%: tests/unit/%.c $(B)/libwinagg.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -Itests $(WRAPS_$*) $(LDFLAGS) -o $@ $< $(B)/libwinagg.a $(LIBS)

# Whose calls a unit test lets fail.
WRAPS_test_again_errors = $(addprefix -Wl$(comma)--wrap=,open read __read_chk pread fstat stat statx lseek \
    readlink realpath opendir readdir pipe2 posix_spawnp waitpid)

$(B)/fuzz/%: tests/fuzz/%.c $(B)/libwinagg.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DFUZZING $(CPPFLAGS) -fsanitize=fuzzer $(FUZZ_LINK_$(FLAVOUR)) $(LDFLAGS) -o $@ $< \
	    $(B)/libwinagg.a $(wildcard $(B)/libgrammars.a) $(LIBS)

# Two sources share one list of dependencies, so that the headers of the first are not in it.
$(B)/replay/%: tests/fuzz/%.c tests/fuzz/replay.c $(wildcard tests/unit/*.h) $(B)/libwinagg.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CPPFLAGS) $(LDFLAGS) -o $@ $< tests/fuzz/replay.c $(B)/libwinagg.a $(LIBS)

# winagg's main(), ready to be forked: see tests/model/forker.c. Without shared libraries a fork costs
# a fifth less.
FORKER_WRAPS = -Wl,--wrap=read,--wrap=write,--wrap=__read_chk
FORKER_LINK = $(CC) $(CFLAGS) $(FLAVOUR_CFLAGS) $(FORKER_WRAPS) $(LDFLAGS) -pthread -o $@

$(B)/model/forker: tests/model/forker.c src/main.c $(B)/libwinagg.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -Dmain=winagg_main -c -o $@-main.o src/main.c
	$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -c -o $@.o tests/model/forker.c
	$(FORKER_LINK) -static $@.o $@-main.o $(B)/libwinagg.a $(LIBS) 2>/dev/null || \
	    $(FORKER_LINK) $@.o $@-main.o $(B)/libwinagg.a $(LIBS)

$(B)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CPPFLAGS) $(LDFLAGS) -o $@ $<

unit: $(UNIT) $(B)/winagg ## build and run the C unit tests
	@for t in $(UNIT); do echo "$$t" && WINAGG=$(abspath $(B)/winagg) $$t || exit 1; done

test-programs: $(B)/winagg $(B)/winagg-hostile $(UNIT) $(REPLAY) $(B)/model/forker

check: test-programs ## run every test: unit, command line, model, examples, fuzz corpora
	@tests/run $(B)

crash: $(B)/winagg $(B)/winagg-hostile ## kill it, fail its calls, lose its power, damage its snapshots (minutes)
	@WINAGG=$(abspath $(B)/winagg) tests/crash/run

asan: ## run the tests under the address sanitizer
	@$(MAKE) FLAVOUR=asan check

ubsan: ## run the tests under the undefined-behaviour sanitizer
	@$(MAKE) FLAVOUR=ubsan check

# With addresses as random as Linux may have them, its own memory does not always find its place.
tsan: ## run the tests under the thread sanitizer
	@$$(setarch -R true 2>/dev/null && echo setarch -R) $(MAKE) FLAVOUR=tsan check

coverage: ## run the tests and print the branch coverage of each directory (scripts/coverage -l: lines)
	@find build/coverage -name '*.gcda' -delete 2>/dev/null || true
	@LIMIT_S=3600 $(MAKE) FLAVOUR=coverage check; status=$$?; \
	    export WINAGG=$(abspath build/coverage/winagg); \
	    tests/crash/errors.py --stride 5 && tests/crash/memory.py --stride 11 && \
	    tests/crash/follow.py --errors --every 2 && scripts/coverage && exit $$status

mutants: ## plant faults in the code of state, snapshots and runs; who survives? (minutes)
	@scripts/mutants

cross: ## run the unit tests on emulated machines of other kinds (installs compilers)
	@scripts/cross

bare: ## run README's two commands on bare Debian roots (needs root and debootstrap)
	@scripts/bare

fuzz-programs: $(FUZZ)

# Without the address sanitizer and without a look at each comparison an execution takes a fifth of the
# time: undefined is for many, the default for what they can't see.
fuzz: ## run every fuzzer, or FUZZ_TARGETS, for FUZZ_SECONDS (30); FUZZ_SANITIZE=undefined is quick; needs clang
	@scripts/fuzz-libraries build/$(FUZZ_FLAVOUR) $(filter -fsanitize=% -fno-sanitize-coverage=%,\
	    $(subst $(comma)undefined,,$(FLAVOUR_CFLAGS_$(FUZZ_FLAVOUR))))
	@$(MAKE) FLAVOUR=$(FUZZ_FLAVOUR) CC=clang fuzz-programs
	@scripts/fuzz $(FUZZ_FLAVOUR) $(FUZZ_SECONDS) $(FUZZ_TARGETS)

forker: $(B)/model/forker

# A run under the sanitizers takes ten times as long, and twenty where leaks are looked for, which make
# asan does: they have a fifth of the time.
fuzz-whole: $(B)/model/forker ## fuzz whole runs against the model for FUZZ_SECONDS (30), from FUZZ_SEED on
	@$(MAKE) FLAVOUR=sanitized forker
	@PYTHONDONTWRITEBYTECODE=1 tests/model/fuzz.py --forker $(B)/model/forker --seed $(FUZZ_SEED) \
	    --seconds $$(($(FUZZ_SECONDS) * 4 / 5))
	@ASAN_OPTIONS=$${ASAN_OPTIONS-detect_leaks=0} PYTHONDONTWRITEBYTECODE=1 tests/model/fuzz.py \
	    --forker build/sanitized/model/forker \
	    --seed $(FUZZ_SEED)-sanitized --seconds $$(($(FUZZ_SECONDS) / 5))

bench: all $(BENCH) ## measure against other programs (scripts/bench-peers installs them)
	@scripts/bench $(B)

mean: $(B)/winagg ## count the instructions that input chosen to hurt costs (valgrind; minutes)
	@WINAGG=$(abspath $(B)/winagg) tests/bench/mean.py

profile: all $(BENCH) ## print where the cycles go
	@scripts/profile $(B)

lint: ## check style, includes, scripts, the man page, and how the program was built
	@scripts/lint

# The version stands in each page's footer.
$(B)/man/%: man/% Makefile
	@mkdir -p $(@D)
	sed 's/^\.Os$$/.Os winagg $(VERSION)/' $< >$@.tmp && mv $@.tmp $@

install: $(B)/winagg $(PAGES:%=$(B)/%) ## install under DESTDIR and PREFIX (/usr/local)
	$(INSTALL) -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(BASHDIR)" "$(DESTDIR)$(ZSHDIR)" "$(DESTDIR)$(FISHDIR)"
	$(INSTALL) -m 755 $(B)/winagg "$(DESTDIR)$(BINDIR)/winagg"
	$(INSTALL) -m 644 src/completions/winagg.bash "$(DESTDIR)$(BASHDIR)/winagg"
	$(INSTALL) -m 644 src/completions/_winagg "$(DESTDIR)$(ZSHDIR)/_winagg"
	$(INSTALL) -m 644 src/completions/winagg.fish "$(DESTDIR)$(FISHDIR)/winagg.fish"
	for page in $(PAGES); do \
	    folder="$(DESTDIR)$(MANDIR)/man$${page##*.}"; \
	    $(INSTALL) -d "$$folder" && $(INSTALL) -m 644 "$(B)/$$page" "$$folder/" || exit 1; \
	done

uninstall: ## remove what install put there
	rm -f "$(DESTDIR)$(BINDIR)/winagg" "$(DESTDIR)$(BASHDIR)/winagg" "$(DESTDIR)$(ZSHDIR)/_winagg" \
	    "$(DESTDIR)$(FISHDIR)/winagg.fish"
	for page in $(PAGES); do rm -f "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page#man/}"; done

installcheck: ## run the command-line tests and the examples with the installed program
	test -r "$(DESTDIR)$(MANDIR)/man1/winagg.1"
	WINAGG="$(DESTDIR)$(BINDIR)/winagg" bats tests/cli tests/docs.bats

dist: ## pack what is committed as winagg-VERSION.tar.gz, the same bytes each time
	@git rev-parse -q --verify HEAD >/dev/null || \
	    { echo "dist: expected a git checkout: what is committed is packed" >&2; exit 1; }
	git -c core.attributesFile=/dev/null -c core.autocrlf=false -c tar.umask=0022 \
	    -c tar.tar.gz.command='env -u GZIP gzip -9n' \
	    archive --prefix=winagg-$(VERSION)/ -o winagg-$(VERSION).tar.gz HEAD

distcheck: dist ## build, test, install and uninstall what dist packs
	rm -rf build/distcheck && mkdir -p build/distcheck
	tar -xzf winagg-$(VERSION).tar.gz -C build/distcheck
	cd build/distcheck/winagg-$(VERSION) && $(MAKE) check && \
	    $(MAKE) install installcheck PREFIX=/usr DESTDIR="$$PWD/build/root" && \
	    $(MAKE) uninstall PREFIX=/usr DESTDIR="$$PWD/build/root" && \
	    test -z "$$(find build/root -type f)" && $(MAKE) clean && test ! -e build
	rm -rf build/distcheck

deb rpm formula: dist ## pack for Debian, Fedora, Homebrew, with tests, into build/packages (minutes)
	@scripts/package $@ winagg-$(VERSION).tar.gz

packages: ## pack for all of these (minutes)
	@$(MAKE) deb rpm formula

clean: ## remove everything that was built
	rm -rf build winagg-$(VERSION).tar.gz

help: ## print this list
	@sed -n 's/^\([a-z ]*\):.*## \(.*\)/  \1	\2/p' Makefile | expand -t 20

.PHONY: all unit test-programs check crash asan ubsan tsan coverage cross bare fuzz-programs fuzz fuzz-whole \
        forker bench mean profile lint install \
        uninstall installcheck dist distcheck static deb rpm formula packages clean help
.SECONDARY:

-include $(OBJ:.o=.d) $(B)/main.d $(B)/topics.d $(UNIT:=.d) $(FUZZ:=.d) $(REPLAY:=.d)
-include $(addprefix $(B)/model/forker,.d -main.d)
