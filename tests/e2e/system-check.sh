#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# system check: a healthy store has nothing to say of; each kind of damage is found, and only what depends on it with it;
# --repair puts it away, and the next build makes or fetches it again.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need jq
store=$XDG_DATA_HOME/bryo
serve web
printf 'from the net\n' > web/files/data.txt

base busybox
dockerfile << END
FROM busybox AS one
RUN dd if=/dev/zero bs=1k count=64 | tr '\\0' x > /made && echo small > /small
FROM busybox
COPY --from=one /made /made
COPY file /file
ADD http://127.0.0.1:$port/file/data.txt /data
RUN --mount=type=cache,target=/c echo cached > /c/file && cp /file /copy
CMD cat /copy
END
plant_file context/file 'what the context has'
works bryo build -t image context
build -t one --target one
works bryo system check
assert_matches "$output" '^[0-9]+ objects checked, 0 damaged$'
works bryo prune
works bryo system check --repair
assert_matches "$output" '^[0-9]+ objects checked, 0 damaged$'
cp -a "$store" healthy

# layer_index IMAGE N: the name of a layer's index; layer_data INDEX: a data file it points at
layer_index() {
        jq -r ".layers[$2].index" "$store/images/$(image_id "$1" | cut -d: -f 2)"
}
layer_data() {
        strings -n 6 "$store/indexes/$1" | sed -nE 's,.*(data/[0-9A-Za-z_.%-]+).*,\1,p' | head -n 1
}

# flip FILE [OFFSET]: one byte is another one
flip() {
        python3 - "$1" "${2:--1}" << 'END'
import os, sys
path, at = sys.argv[1], int(sys.argv[2])
at = at if at >= 0 else os.path.getsize(path) // 2
with open(path, "r+b") as f:
    f.seek(at); byte = f.read(1)
    f.seek(at); f.write(bytes([byte[0] ^ 1]))
END
}

# damage WHAT COMMAND...: of a healthy store, and WHAT (a pattern) is found, and puts away; then the build works and its files are right.
damage() {
        local what=$1
        shift
        rm -rf "$store"
        cp -a healthy "$store"
        "$@"
        capture bryo system check
        assert_equal "$status" 1 "the status of a check of a damaged store ($*)"
        grep -qE "^damaged: $what" <<< "$output" || fail "the damage was not found" command "$*" output "$output"
        works bryo system check --repair
        assert_contains "$output" " put away in "
        works bryo system check
        assert_matches "$output" '^[0-9]+ objects checked, 0 damaged$'
        bryo image ls --format json | grep -q '"busybox"' || base busybox
        works bryo build --progress=plain -t image context
        said=$output$'\n'$errors
        assert_equal "$(image_run image sh -c 'wc -c < /made; cat /copy /data')" $'65536\nwhat the context has\nfrom the net'
        works bryo system check
}

id=$(image_id image | cut -d: -f 2)
base_id=$(image_id busybox | cut -d: -f 2)
tar=$(jq -r '.layers[0].diffId' "$store/images/$base_id" | cut -d: -f 2)
made=$(layer_index one 1)
data=$(layer_data "$made")
[ -e "$store/$data" ] || fail "no data file was found in $made" strings "$(strings "$store/indexes/$made")"
tag=$(basename "$(grep -l "$id" "$store"/refs/*)")
step=$(basename "$(grep -l "^index $made" "$store"/steps/*)")
cache=$(basename "$(find "$store/caches" -type f ! -name '*.lock')")
download=$(basename "$(find "$store/downloads" -type f)")

damage "blobs/sha256/$id: its bytes have another digest" flip "$store/blobs/sha256/$id"
damage "images/$id: " rm "$store/blobs/sha256/$id"
damage "blobs/sha256/$tar: its bytes have another digest" flip "$store/blobs/sha256/$tar"
damage "blobs/sha256/$tar: " truncate -s -512 "$store/blobs/sha256/$tar"
damage "indexes/$made: " flip "$store/indexes/$made"
damage "indexes/$made: " truncate -s 100 "$store/indexes/$made"
damage "images/[0-9a-f]*: its layer indexes/$made is damaged or not there" rm "$store/indexes/$made"
damage "indexes/$made: the files of the layer are not those of its diff ID" flip "$store/$data"
assert_matches "$said" 'CACHED'
damage "indexes/$made: its bytes in $data are cut off" truncate -s 100 "$store/$data"
damage "indexes/$made: its bytes in $data are not there" rm "$store/$data"
damage "steps/$step: it is damaged" sh -c "echo nonsense > $store/steps/$step"
damage "images/$id: " sh -c "echo nonsense > $store/images/$id"
damage "refs/$tag: its image is damaged or not there" sh -c "rm $store/images/$id"
damage "caches/$cache: it is damaged" sh -c "echo nonsense > $store/caches/$cache"
damage "downloads/$download: it is damaged" sh -c "echo nonsense > $store/downloads/$download"
damage "downloads/$download: its bytes are damaged" flip "$store/data/$(sed -n 's/^data //p' "healthy/downloads/$download")"
damage "refs/$tag: .*is damaged" sh -c "echo nonsense > $store/refs/$tag"

# What came from a registry comes from there again.
registry reg
works bryo push -q busybox "$registry/base"
rm -rf "$store"
works bryo pull -q "$registry/base"
printf 'FROM %s/base\nRUN busybox sha256sum /bin/busybox > /sum\n' "$registry" | dockerfile pulled
BRYO_PULL=missing build -f context/pulled -t whole
sum=$(image_run whole cat /sum)
tar=$(find "$store/blobs/sha256" -type f -size +1900k)
assert_equal "$(wc -l <<< "$tar")" 1 "the number of unpacked layers"
flip "$tar"
capture bryo system check
assert_contains "$output" "damaged: blobs/sha256/${tar##*/}: its bytes have another digest"
works bryo system check --repair
BRYO_PULL=missing build -f context/pulled -t again
assert_equal "$(image_run again cat /sum)" "$sum" "the digest of a file of the damaged layer"
works bryo system check

# What is put away takes space until prune --all; a newer format is refused untouched.
assert_less 0 "$(find "$store/quarantine" -type f | wc -l)" "zero, which the files in quarantine must exceed,"
works bryo prune --all
assert_equal "$(find "$store/quarantine" -type f | wc -l)" 0 "files in quarantine"
echo 'bryo-store 2' > "$store/format"
find "$store" -printf '%p %i %s %T@ %C@\n' | sort > before
for verb in 'system check --repair' 'system df' 'prune --all' 'logs' 'image ls' 'build context'; do
        # shellcheck disable=SC2086
        assert_fails 1 "has format 2, this bryo knows up to 1" bryo $verb
done
assert_equal "$(find "$store" -printf '%p %i %s %T@ %C@\n' | sort)" "$(cat before)" "the store of a newer format"
