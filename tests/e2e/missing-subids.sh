#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A user without subordinate ids: one sentence that says which line is missing where.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
: > empty
# Inside, the user keeps its id and sees these files; the capabilities of the namespace are given up again.
# shellcheck disable=SC2016
without() {
        unshare --map-current-user --keep-caps --mount sh -c '
                mount --bind "$0" "$1" && shift && exec setpriv --inh-caps=-all --ambient-caps=-all -- "$@"' "$@"
}
assert_fails 1 "/etc/subuid" without empty /etc/subuid bryo run --rm busybox true
assert_contains "$errors" "$(id -un)"
assert_fails 1 "/etc/subgid" without empty /etc/subgid bryo run --rm busybox true
