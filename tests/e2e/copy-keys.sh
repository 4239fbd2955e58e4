#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What the keys of COPY and FROM are made of: where a step hits though something else changed, and where it must not.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/a/f same
plant_file context/b/f same
plant_file context/c/g same
# unique: what the last RUN of the image wrote; it is another one when that RUN was executed again.
unique() {
        image_run image cat /unique
}
# with LINE...: a Dockerfile of these lines with a RUN behind them that cannot be repeated.
with() {
        printf '%s\n' "$@" 'RUN cat /proc/sys/kernel/random/uuid > /unique' | dockerfile
        build
}
# K2.1 K2.3 only the last part of the source's name counts
with 'FROM busybox' 'COPY a/f /x/'
first=$(unique)
with 'FROM busybox' 'COPY b/f /x/'
assert_equal "$(unique)" "$first"
with 'FROM busybox' 'COPY c/g /x/'
[ "$(unique)" != "$first" ] || fail "another name of the file is no input"
with 'FROM busybox' 'COPY a/f /y/'
[ "$(unique)" != "$first" ] || fail "another destination is no input"
for flag in --chown=1:1 --chmod=600; do
        with 'FROM busybox' "COPY $flag a/f /x/"
        [ "$(unique)" != "$first" ] || fail "$flag is no input"
done
with 'FROM busybox' 'RUN touch /z' 'COPY a/f /x/'
[ "$(unique)" != "$first" ] || fail "the parent is no input"
# a relative destination is what it means
with 'FROM busybox' 'COPY a/f x/'
assert_equal "$(unique)" "$first"
# K2.4
plant_file context/w/one.txt text
with 'FROM busybox' 'COPY w/*.txt /w/'
wild=$(unique)
mv context/w/one.txt context/w/two.txt
with 'FROM busybox' 'COPY w/*.txt /w/'
[ "$(unique)" != "$wild" ] || fail "a renamed file is no input of a wildcard"
# K2.2 K5.1 a stage that ran again and made the same: everything behind it hits, also after the miss
with 'FROM busybox AS up' 'RUN echo 1 > /ignored; echo same > /taken' 'FROM busybox' 'COPY --from=up /taken /t'
stage=$(unique)
with 'FROM busybox AS up' 'RUN echo 2 > /ignored; echo same > /taken' 'FROM busybox' 'COPY --from=up /taken /t'
assert_equal "$(unique)" "$stage"
with 'FROM busybox AS up' 'RUN echo 2 > /ignored; echo other > /taken' 'FROM busybox' 'COPY --from=up /taken /t'
[ "$(unique)" != "$stage" ] || fail "what is copied from a stage is no input"
# K4.1 a base with other labels and the same layers
printf 'FROM busybox\nLABEL some=thing\nENV LATER=1\n' | dockerfile
build -t relabelled
with 'FROM relabelled' 'COPY a/f /x/'
labelled=$(unique)
printf 'FROM busybox\nLABEL some=else\nENV LATER=1\n' | dockerfile
build -t relabelled
with 'FROM relabelled' 'COPY a/f /x/'
assert_equal "$(unique)" "$labelled"
# C6.7 passwd and group of the stage are part of the key of a --chown by name
with 'FROM busybox' 'COPY --chown=app a/f /x/'
owned=$(image_run image stat -c %u:%g /x/f)
with 'FROM busybox' 'RUN sed -i s/^app:x:1000:/app:x:1234:/ /etc/passwd' 'COPY --chown=app a/f /x/'
[ "$(image_run image stat -c %u:%g /x/f)" != "$owned" ] || fail "the stage's passwd is no input of --chown"
