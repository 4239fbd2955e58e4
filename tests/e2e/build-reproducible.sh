#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# TIMES.4: With SOURCE_DATE_EPOCH two executions in two stores give one image, whenever they happen.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

tar=$(fixture busybox)
plant_file context/tree/a x
plant_file context/tree/b/c y
dockerfile << 'END'
FROM busybox
COPY tree /tree
RUN mkdir /made && for i in 3 1 2; do echo $i > /made/$i; done && ln /made/1 /made/hard && touch -d @1000 /made/old && rm -r /tree/b
WORKDIR /work/dir
USER app
ENV a=b
CMD ["true"]
END
export SOURCE_DATE_EPOCH=1700000000
for store in first second; do
        export BRYO_ROOT=$PWD/$store
        works bryo import "$tar" busybox
        build
        works bryo save -o "$store.tar" image
        touch context/tree/a
        sleep 1.1
done
cmp first.tar second.tar || fail "two executions gave two images"
assert_equal "$(image_run image stat -c %Y /made/1 /made/old /made /work)" $'1700000000\n1000\n1700000000\n1700000000'
assert_contains "$(image_config image '.Created // .created')" 2023-11-14T22:13:20
