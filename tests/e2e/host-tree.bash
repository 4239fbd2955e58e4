# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A tree of the host that no build may read or change: a secret of random bytes, an empty file, a set-user-id file, a FIFO
# and a directory. Source it behind lib.sh.

CANARY=$HOME/canary
CANARY_SECRET=canary-$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')

# What there is of the tree: names, kinds, modes, owners, times, links and content.
canary_state() {
        (cd "$CANARY" && find . -printf '%p %y %m %U:%G %n %T@ %s %l\n' | LC_ALL=C sort && cat secret dir/inner)
}

canary_plant() {
        mkdir -p "$CANARY/dir"
        printf '%s\n' "$CANARY_SECRET" > "$CANARY/secret"
        chmod 0600 "$CANARY/secret"
        : > "$CANARY/victim"
        cp "$CANARY/secret" "$CANARY/setuid"
        chmod 4755 "$CANARY/setuid"
        mkfifo "$CANARY/fifo"
        cp "$CANARY/secret" "$CANARY/dir/inner"
        canary_state > "$TMPDIR/canary.before"
}

# Nothing of it changed, and the secret is nowhere: not in the store (whose layers are not compressed), not in what was said.
canary_check() {
        local hits
        assert_equal "$(canary_state)" "$(< "$TMPDIR/canary.before")" "the canary's tree"
        hits=$(grep -rla -- "$CANARY_SECRET" "$XDG_DATA_HOME/bryo" || true)
        assert_equal "$hits" "" "the files of the store that hold the canary's secret"
        assert_lacks "${said:-}$output$errors" "$CANARY_SECRET"
}

# builds_or_refuses [OPTION]...: ends with status 0 or 1, never by a signal, within a minute; then the canary is checked.
builds_or_refuses() {
        capture timeout 60 bryo build --progress=plain -t image "$@" context
        said=$output$'\n'$errors
        [ "$status" -le 1 ] || fail "exit status $status" output "$output" errors "$errors"
        canary_check
}

# refuses TEXT [OPTION]...: ends with status 1 and says TEXT.
refuses() {
        local text=$1
        shift
        builds_or_refuses "$@"
        [ "$status" -eq 1 ] || fail "the build succeeded" output "$output" errors "$errors"
        assert_contains "$errors" "$text"
}
