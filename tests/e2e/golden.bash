# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Broken Dockerfiles and what exactly is said about them: each case of tests/golden/KIND/ is
#
#     NAME.Dockerfile    the only file of the context, or
#     NAME/              the context, with its Dockerfile
#     NAME.expected      what `bryo build` says on standard error
#     NAME.flags         more arguments, one a line (may be absent; @DIR@ is the test's directory, with the context `context`)
#     NAME.context       the word for the context instead of `context` (may be absent; @DIR@, and @WEB@ for $web, a server's URL, here and in flags, where
#                        @PRIVATE@ is $private, a registry that wants a login)
#     NAME.setup         commands that run beside the copied context before the build (may be absent)
#
# Each is told with its line and column and the word marked, but for those of the kind `context` and those called option-*: the
# mistake is not in the file. Paths of the test's directory are written as @DIR@, times of steps as 0.0. Every build ends with status 1. To write what is
# expected anew: GOLDEN_OUT=DIRECTORY tests/run ... tests/e2e/golden-*, then look at the difference and copy.

# golden_normalise < TEXT
golden_normalise() {
        sed -E -e "s,$PWD,@DIR@,g" -e "s,${web:-@WEB@},@WEB@,g" -e "s,${private:-@PRIVATE@},@PRIVATE@,g" -e 's,^(#[0-9]+) [0-9]+\.[0-9]{3} ,\1 0.000 ,' -e 's,^(#[0-9]+ DONE) [0-9.]+s$,\1 0.0s,'
}

# golden_case DIRECTORY NAME: builds it; what it said is left in $said, its status in $status.
golden_case() {
        local flags=() word=context input=/dev/null
        rm -rf context
        if [ -d "$1/$2" ]; then
                cp -a "$1/$2" context
        else
                mkdir context
                cp "$1/$2.Dockerfile" context/Dockerfile
        fi
        chmod -R u+w context
        [ ! -e "$1/$2.flags" ] || mapfile -t flags < <(sed "s,@DIR@,$PWD,g; s,@WEB@,${web:-},g; s,@PRIVATE@,${private:-},g" "$1/$2.flags")
        [ ! -e "$1/$2.setup" ] || . "$1/$2.setup"
        [ ! -e "$1/$2.context" ] || word=$(sed "s,@DIR@,$PWD,g; s,@WEB@,${web:-},g" "$1/$2.context")
        [ ! -e context/standard-input ] || input=context/standard-input
        capture bryo build -q -t image "${flags[@]}" "$word" < "$input"
        said=$(golden_normalise <<< "$errors")
}

# golden KIND [LEAST] [IMAGES]: all cases of a kind, at least LEAST (5) of them; the store has IMAGES (1) images before and after.
golden() {
        local directory=$BRYO_SOURCE/tests/golden/$1 name wrong=0 count=0
        for name in $(cd "$directory" && ls -d -- *.expected | LC_ALL=C sort); do
                name=${name%.expected}
                count=$((count + 1))
                golden_case "$directory" "$name"
                if [ -n "${GOLDEN_OUT:-}" ]; then
                        mkdir -p "$GOLDEN_OUT/$1"
                        printf '%s\n' "$said" > "$GOLDEN_OUT/$1/$name.expected"
                fi
                if [ "$status" -ne 1 ]; then
                        show "$1/$name: exit status $status" "$said"
                        wrong=1
                elif [ "$said" != "$(< "$directory/$name.expected")" ]; then
                        show "$1/$name" "$(diff -u --label expected --label said "$directory/$name.expected" - <<< "$said" || true)"
                        wrong=1
                elif [ "$1" = context ] || [[ $name == option-* ]]; then
                        continue
                elif ! grep -qE '^bryo: .*:[0-9]+:[0-9]+: ' <<< "$said"; then
                        show "$1/$name has no line and column" "$said"
                        wrong=1
                elif ! grep -qE '^ +\| +\^+$' <<< "$said"; then
                        show "$1/$name marks no word" "$said"
                        wrong=1
                fi
        done
        [ "$wrong" -eq 0 ] || fail "what is said differs from tests/golden/$1"
        [ "$count" -ge "${2:-5}" ] || fail "tests/golden/$1 has only $count cases"
        [ "$(bryo image ls -q | wc -l)" -eq "${3:-1}" ] || fail "a broken build left an image" images "$(bryo image ls)"
}
