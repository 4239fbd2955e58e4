#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Without newuidmap: one sentence that says what to install.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
# Inside, /usr/bin is a directory of links to all of its programs but these two.
mkdir real links
for program in /usr/bin/*; do
        [[ $program == */new[ug]idmap ]] || ln -s "$PWD/real/${program##*/}" links/
done
# shellcheck disable=SC2016
without() {
        unshare --map-current-user --keep-caps --mount sh -c '
                mount --bind /usr/bin real && mount --bind links /usr/bin &&
                exec setpriv --inh-caps=-all --ambient-caps=-all -- "$@"' sh "$@"
}
dockerfile << 'END'
FROM busybox
RUN true
END
assert_fails 1 "newuidmap" without bryo build -t image context
assert_contains "$errors" "uidmap"
assert_equal "$(grep -c 'newuidmap' <<< "$errors")" 1 "the number of lines about it"
# What needs no namespace works without it.
dockerfile << 'END'
FROM busybox
COPY Dockerfile /
END
works without bryo build -t image context
