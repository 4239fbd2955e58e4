#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# SOURCE_DATE_EPOCH from the Dockerfile, and from when the context or a source was made (A8.5 to A8.8).
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/repository.sh"

created() {
        date -u -d "$(image_config image '.Created // .created' | tr -d '"')" +%s
}

# made SECONDS [OPTION]...: what `build` makes of the Dockerfile is of that time, and a RUN sees it.
made() {
        build "${@:2}"
        assert_equal "$(created)" "$1" "the time of the image: ${*:2}"
        assert_equal "$(image_run image cat /seen)" "$1" "what the ARG sees: ${*:2}"
}

seen=$'ARG SOURCE_DATE_EPOCH\nRUN echo "$SOURCE_DATE_EPOCH" > /seen'
server=${web%/git}
mkdir files
printf 'FROM busybox\n%s\n' "$seen" > files/Dockerfile
printf 'x\n' > files/new
touch -d @1500000000 files/Dockerfile
touch -d @1500000002 files/new
tar -C files -cf web/files/source.tar Dockerfile new
touch -d @1600000000 web/files/source.tar

# A8.5: the default of a global ARG; flag and build argument stand above it, and an empty flag undoes it.
dockerfile <<< $'ARG SOURCE_DATE_EPOCH=1000000000\nFROM busybox\n'"$seen"
made 1000000000
made 1000000001 --build-arg SOURCE_DATE_EPOCH=1000000001
build --timestamp 1000000002
assert_equal "$(created)" 1000000002
build --timestamp ''
[ "$(created)" -gt 1700000000 ] || fail 'an empty --timestamp clamps'
dockerfile <<< $'ARG SOURCE_DATE_EPOCH=yesterday\nFROM busybox'
build_fails 'SOURCE_DATE_EPOCH=yesterday: it is a number of seconds since 1970, the word context, or the name of a stage'

# A8.6: the context's time: Last-Modified, else the newest file of the tar; a repository's commit; a directory has none.
for origin in "file/source.tar 1600000000" "bare/source.tar 1500000002"; do
        works bryo build -t image --build-arg SOURCE_DATE_EPOCH=context "$server/${origin% *}"
        assert_equal "$(created) $(image_run image cat /seen)" "${origin#* } ${origin#* }"
done
cp files/Dockerfile work/Dockerfile
quietly -C work add -A
quietly -C work commit -qm three
quietly clone -q --bare work web/git/again.git
works bryo build -t image --build-arg SOURCE_DATE_EPOCH=context "$web/again.git"
assert_equal "$(created) $(image_run image cat /seen)" '1577934245 1577934245'
dockerfile <<< $'FROM busybox\n'"$seen"
build --build-arg SOURCE_DATE_EPOCH=context
[ "$(created)" -gt 1700000000 ] || fail 'a directory has a time'
assert_equal "$(image_run image cat /seen)" ''

# A8.7: a named context.
dockerfile <<< $'ARG SOURCE_DATE_EPOCH=from\nFROM busybox\n'"$seen"
made 1600000000 --build-context from="$server/file/source.tar"
made 1577934245 --build-context from="$web/repo.git"

# A8.8: a stage that is one ADD of something from elsewhere, and nothing else.
dockerfile <<< $'ARG SOURCE_DATE_EPOCH=from\nFROM scratch AS from\nARG NAME=source.tar\n'"ADD $server/bare/\$NAME /"$'\nFROM busybox\n'"$seen"
made 1500000002
dockerfile <<< $'ARG SOURCE_DATE_EPOCH=from\nFROM scratch AS from\n'"ADD $web/repo.git#v1 /"$'\nFROM busybox\n'"$seen"
made 1577934245
for wrong in 'FROM busybox AS from' $'FROM scratch AS from\nCOPY Dockerfile /' $'FROM scratch AS from\nADD Dockerfile /' \
        $'FROM scratch AS from\n'"ADD $server/bare/source.tar /"$'\n'"ADD $server/bare/source.tar /"; do
        dockerfile <<< $'ARG SOURCE_DATE_EPOCH=from\n'"$wrong"$'\nFROM busybox'
        build_fails 'SOURCE_DATE_EPOCH names this stage, which must then be FROM scratch with ARGs and a single ADD'
done
dockerfile <<< $'ARG SOURCE_DATE_EPOCH=from\nFROM scratch AS from\n'"ADD --checksum=sha256:$(printf '%064d' 0) $server/bare/source.tar /"$'\nFROM busybox'
build_fails 'the checksum'
