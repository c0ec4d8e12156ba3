#!/usr/bin/env bats
# What make install puts where, what make dist packs, and the program without shared libraries.

load cli/helper

root=$BATS_TEST_DIRNAME/..
WINAGG=${WINAGG:-$root/build/release/winagg}

setup() {
    # Of the make that runs the tests only the flavour is of interest.
    [[ $WINAGG =~ build/([a-z0-9_]+)/winagg$ ]] || skip "the program is an installed one"
    flavour=${BASH_REMATCH[1]}
    unset MAKEFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR PREFIX
    cd "$BATS_TEST_TMPDIR" || exit
}

version=$(sed -n 's/^VERSION *= *//p' "$root/Makefile")

@test "install puts the program, its pages and completions where they belong; uninstall takes all back" {
    make -s -C "$root" FLAVOUR="$flavour" install DESTDIR="$PWD/root" PREFIX=/usr
    pages=$(cd "$root/man" && for page in *.[1-9]; do echo "./share/man/man${page##*.}/$page"; done)
    same "$(cd root/usr && find . -type f | LC_ALL=C sort)" "$(LC_ALL=C sort <<END
./bin/winagg
./share/bash-completion/completions/winagg
./share/fish/vendor_completions.d/winagg.fish
./share/zsh/site-functions/_winagg
$pages
END
    )"
    for page in $pages; do
        mandoc -T ascii "root/usr/$page" | tail -n 1 | grep -q "^winagg $version "
        [ "$(stat -c %a "root/usr/$page")" -eq 644 ]
    done
    same "$(root/usr/bin/winagg --version)" "winagg $version"
    make -s -C "$root" FLAVOUR="$flavour" uninstall DESTDIR="$PWD/root" PREFIX=/usr
    [ -z "$(find root -type f)" ]
}

@test "installed completions are found by the shells as they are" {
    make -s -C "$root" FLAVOUR="$flavour" install DESTDIR="$PWD/root" PREFIX=/usr
    PATH=$PWD/root/usr/bin:$PATH
    share=$PWD/root/usr/share
    status=0
    for shell in bash:bash-completion/completions/winagg zsh:zsh/site-functions/_winagg; do
        got=$("$root/tests/complete_in.py" "${shell%%:*}" "$share/${shell#*:}" 'winagg --resu') || status=$?
        [ "$status" -ne 77 ] || skip "there are no pseudo-terminals here"
        same "$got" 'winagg --resume '
    done
    # Where fish looks for what packages bring.
    same "$(XDG_DATA_DIRS=$share HOME=$PWD XDG_CONFIG_HOME=$PWD fish -c "complete -C 'winagg --resu'" | cut -f 1)" --resume
}

@test "dist packs the same bytes, whoever packs it, and whenever" {
    mkdir one
    # Of a small tree of its own: a tarball of the sources has no history.
    cp -R "$root/Makefile" "$root/COPYING" "$root/man" one/
    export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
    export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@a
    git -C one init -q
    git -C one add -A
    git -C one commit -qm one
    make -s -C one dist
    sleep 1
    git clone -q one two
    git config --file config tar.umask 077
    git config --file config core.autocrlf true
    (umask 077 && TZ=Asia/Tokyo GZIP=-1 GIT_CONFIG_GLOBAL=$PWD/config make -s -C two dist)
    cmp "one/winagg-$version.tar.gz" "two/winagg-$version.tar.gz"
    tar -tzf "one/winagg-$version.tar.gz" | grep -qx "winagg-$version/man/winagg.1"
    # Other contents are other bytes.
    echo >>one/COPYING
    git -C one commit -qam two
    make -s -C one dist
    fails_with 1 cmp -s "one/winagg-$version.tar.gz" "two/winagg-$version.tar.gz"
}

@test "the static program needs nothing beside it" {
    [ "$flavour" == release ] || skip "of the release build only"
    for library in jansson csv xxhash; do
        [ -e "$(cc -print-file-name="lib$library.a")" ] || skip "there is no static lib$library here"
    done
    make -s -C "$root" static
    static=$root/build/release/winagg-static
    # One that can be loaded anywhere (static-pie) has a dynamic section, but nothing in it to load.
    [ "$(readelf -dW "$static" | grep -c NEEDED)" -eq 0 ]
    [ "$(readelf -lW "$static" | grep -c INTERP)" -eq 0 ]
    if [ "$(id -u)" -eq 0 ] && cp "$static" alone && chroot . /alone --version >/dev/null 2>&1; then
        same "$(echo '{"t":1}' | chroot . /alone -t t -w 1m)" \
            '{"window_start":"1970-01-01T00:00:00Z","window_end":"1970-01-01T00:01:00Z","count":1}'
    fi
    WINAGG=$static bats "$root/tests/cli/windows.bats" "$root/tests/cli/conditions.bats" "$root/tests/cli/times.bats"
}

@test "the recipes of packages name the files that install installs" {
    for file in bash-completion/completions/winagg zsh/site-functions/_winagg fish/vendor_completions.d/winagg.fish; do
        grep -qF "/$file" "$root/scripts/packaging/winagg.spec.in"
    done
    # What the tests call is what they are built with; but some are on every machine that builds, and
    # nginx is for tests/systems.
    sed -n '/^test_needs=/,/^"/p' "$root/scripts/setup" | awk '$1 ~ /^(command|file):/ {print $2, $3}' |
        grep -vE '^(binutils|git|nginx|clang-format|clang-tidy|cppcheck|shellcheck|gzip) ' >needs
    [ -s needs ]
    while read -r debian fedora; do
        [[ $debian == @(bsdutils|util-linux) ]] || grep -qE "^ $debian <!nocheck>" "$root/scripts/packaging/debian/control.in"
        grep -qE "^BuildRequires: +$fedora$" "$root/scripts/packaging/winagg.spec.in"
    done <needs
}
