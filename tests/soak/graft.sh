#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 900
#
# 10 MB that another stage took out of a step of 2 GB: what nobody took is given back by a prune, and what was taken is whole.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

[ "$(df --output=avail -BM . | tail -n 1 | tr -dc 0-9)" -gt 4000 ] || skip "this needs 4 GB of disk"
base busybox
works bryo prune --all
used() {
        du -s --block-size=1M "$XDG_DATA_HOME/bryo" | cut -f 1
}
empty=$(used)
dockerfile << 'END'
FROM busybox AS big
RUN for f in one two; do dd if=/dev/urandom of=/$f bs=1M count=1000; done && dd if=/dev/urandom of=/kept bs=1M count=10 && sha256sum /kept > /sum
FROM busybox
COPY --from=big /kept /sum /
END
build
assert_less "$((empty + 1990))" "$(used)" "megabytes before, with 2 GB more,"
works bryo prune
assert_less "$((empty + 1990))" "$(used)" "megabytes with the step, which the cache still needs,"
works bryo prune --all
printf '# %s MB before, %s MB with what was taken\n' "$empty" "$(used)"
assert_less "$(used)" "$((empty + 13))" "megabytes after the prune"
assert_less "$((empty + 8))" "$(used)" "megabytes without what was taken"
works image_run image sha256sum -c /sum
works bryo system check
