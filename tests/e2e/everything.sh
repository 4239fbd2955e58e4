#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A Dockerfile with every instruction and flag of the language: files and config are those that BuildKit made of the same
# text (tests/everything/README.md), but for the differences that are listed there with their reasons.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

need git xz tar
everything=$BRYO_SOURCE/tests/everything
base busybox
works "$everything/prepare" "$PWD/all"
mv all/web all/context .
serve web
printf the-secret > token
works bryo build --build-arg WEB="http://127.0.0.1:$port" --secret id=token,src=token \
        -o type=tar,dest=files.tar -o type=oci,tar=false,dest=layout context

# compare NAME: the lines that differ from BuildKit's are the accepted ones.
compare() {
        diff "$everything/expected.$1" "$1" > found || [ $? -eq 1 ]
        grep -v '^#' "$everything/accepted.$1" > accepted || [ $? -eq 1 ]
        diff accepted <(grep '^[<>]' found) > surprise || fail "the $1 is not as expected" differences "$(cat surprise)"
}

# The base's own files are not what is compared.
"$everything/listing" < files.tar | grep -vE ' /(bin|etc|usr|home|dev|proc|sys|root|var|tmp)(/|$| @)' > tree
"$everything/config" layout > config
compare tree
compare config

# A6.3: the target has a name here; without one it is "default".
tar -xOf files.tar platform | grep -qx 'linux result' || fail "TARGETSTAGE is not the name of the last stage"
printf 'FROM busybox\nARG TARGETSTAGE\nRUN echo "$TARGETSTAGE" > /stage\n' > unnamed
works bryo build -t unnamed -f unnamed context
assert_equal "$(image_run unnamed cat /stage)" default

# Once more: all of it comes from the cache.
works bryo build --build-arg WEB="http://127.0.0.1:$port" --secret id=token,src=token context
grep -E '^#[0-9]+ \[[a-z]+ [0-9]+/[0-9]+\] (RUN|COPY|ADD|WORKDIR)' <<< "$errors" | cut -d' ' -f1 | sort > steps
grep -E '^#[0-9]+ CACHED$' <<< "$errors" | cut -d' ' -f1 | sort > cached
assert_equal "$(comm -23 steps cached)" "" "the steps of a second build that were executed"
[ "$(wc -l < steps)" -gt 80 ] || fail "the second build shows hardly any step" errors "$errors"
