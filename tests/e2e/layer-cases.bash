# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Layers that want out of the image, tried one after the other. Source it behind lib.sh, layout.bash and host-tree.bash.

base busybox
canary_plant
mkdir -p context layers
echo 'FROM hand:1' > context/Dockerfile
layer layers/base.tar << 'END'
dir etc
file etc/unbroken unbroken
dir dir
file dir/in in
END

# case NAME EXPECTED LAYER...: the image of the base and these layers. EXPECTED is "refused: TEXT", or what a list of paths
# holds: "PATH=CONTENT" "PATH->TARGET" "PATH/" (a directory) "!PATH" (nothing), separated by blanks. The tree that a RUN sees and the
# one in a directory of the host are looked at; what lies outside is never touched.
number=0
try() {
        local name=$1 expected=$2 item path root
        shift 2
        number=$((number + 1))
        rm -rf layout out
        layout layout layers/base.tar "$@"
        capture timeout 60 bryo load -q -i layout
        [ "$status" -le 1 ] || fail "$name: exit status $status" errors "$errors"
        said=
        if [[ $expected == refused:* ]]; then
                canary_check
                [ "$status" -eq 1 ] || fail "$name: it was loaded"
                [[ $errors == *"${expected#refused: }"* ]] || fail "$name: the error does not say: ${expected#refused: }" errors "$errors"
                return
        fi
        [ "$status" -eq 0 ] || fail "$name: it was refused" errors "$errors"
        mkdir out
        works bryo build -q -o out/root context
        canary_check
        [ -z "$(find out -mindepth 1 -maxdepth 1 -not -name root)" ] || fail "$name: something lies beside the directory"
        root=out/root
        for item in etc/unbroken=unbroken $expected; do
                case $item in
                '!'*) [ ! -e "$root/${item#!}" ] && [ ! -L "$root/${item#!}" ] || fail "$name: ${item#!} is there" ;;
                *'->'*) assert_equal "$(readlink "$root/${item%%->*}")" "${item#*->}" "$name: the link ${item%%->*}" ;;
                *=*)
                        path=${item%%=*}
                        [ -f "$root/$path" ] && [ ! -L "$root/$path" ] || fail "$name: $path is no file" tree "$(find "$root" -printf '%P %y %l\n')"
                        assert_equal "$(cat "$root/$path")" "${item#*=}" "$name: $path"
                        ;;
                */) [ -d "$root/$item" ] && [ ! -L "${root}/${item%/}" ] || fail "$name: $item is no directory" ;;
                esac
        done
}

# one NAME EXPECTED < LINES: with one layer of these members above the base; two NAME EXPECTED FIRST < LINES: FIRST, with
# newlines, is a layer between.
one() {
        layer layers/top.tar
        try "$1" "$2" layers/top.tar
}
two() {
        printf '%s\n' "$3" | layer layers/middle.tar
        layer layers/top.tar
        try "$1" "$2" layers/middle.tar layers/top.tar
}
