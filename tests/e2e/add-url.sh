#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ADD of a URL (C11): what lands, under which name, with which mode and time; what the next build asks.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

base busybox
serve web
web=http://127.0.0.1:$port
printf 'one\n' > web/files/data.txt
touch -d '2020-03-04 05:06:07 UTC' web/files/data.txt

# C11.1: mode 0600, root's, the time is Last-Modified. C11.3: the name comes from the URL when the destination is a directory.
dockerfile << END
FROM busybox
ADD $web/file/data.txt /dir/
ADD --chown=7:8 --chmod=0644 $web/bare/data.txt /other
END
build
assert_equal "$(image_run image sh -c "stat -c '%n %a %u:%g %Y %s' /dir/data.txt /other; cat /dir/data.txt")" \
        '/dir/data.txt 600 0:0 1583298367 4
/other 644 7:8 0 4
one'
assert_contains "$(asked web)" "GET /file/data.txt"
first=$(image_id image)

# C11.5: the next build asks whether it changed; what did not is a hit, with or without a validator.
build
assert_equal "$(image_id image)" "$first"
assert_equal "$(grep -c CACHED <<< "$said")" 2
asked=$(asked web)
assert_matches "$asked" 'GET /file/data.txt .*If-None-Match="'
assert_lacks "$(grep /bare/ <<< "$asked")" "If-"

# New content is a new layer.
printf 'two\n' > web/files/data.txt
build
assert_equal "$(image_run image cat /dir/data.txt /other)" $'two\ntwo'

# Without an ETag the date is asked for.
dockerfile << END
FROM busybox
ADD $web/dated/data.txt /a
END
build
build
assert_matches "$(asked web | tail -n 1)" 'GET /dated/data.txt .*If-Modified-Since='

# K6.1: --no-cache runs the step, and what was fetched is only asked about.
build --no-cache
assert_lacks "$said" CACHED
assert_matches "$(asked web | tail -n 1)" 'GET /dated/data.txt .*If-Modified-Since='

# What prune leaves can still be asked for; --all forgets it.
works bryo prune
build
assert_contains "$(asked web)" 'If-Modified-Since='
works bryo prune --all
base busybox
build
assert_lacks "$(asked web)" 'If-Modified-Since='
assert_equal "$(image_run image cat /a)" two

# C11.4, E3.1: --checksum, with a variable: the bytes must have it, and what the store has of it is not asked for again.
digest=$(sha256sum web/files/data.txt | cut -d ' ' -f 1)
dockerfile << END
FROM busybox
ARG SUM=sha256:$digest
ADD --checksum=\$SUM $web/file/data.txt /a
END
build
asked web > /dev/null
build
assert_equal "$(asked web)" ""
wrong=${digest//[0-9]/a}
build_fails "has the checksum sha256:$digest, not sha256:$wrong" --build-arg "SUM=sha256:$wrong"
build_fails "for a URL it is sha256: and 64 hex digits" --build-arg SUM=md5:123

# C11.2: an archive is not unpacked, unless --unpack says so.
mkdir pack
printf 'packed\n' > pack/inside
tar -C pack -czf web/files/pack.tgz inside
dockerfile << END
FROM busybox
ADD $web/file/pack.tgz /kept/
ADD --unpack=true $web/file/pack.tgz /unpacked/
END
build
assert_equal "$(image_run image sh -c 'ls /kept /unpacked; cat /unpacked/inside')" $'/kept:\npack.tgz\n\n/unpacked:\ninside\npacked'

# Bytes are what the server sent, also when it packed them without being asked.
dockerfile << END
FROM busybox
ADD $web/gzip/data.txt /a.gz
END
build
assert_equal "$(image_run image gunzip -c /a.gz)" two

# The history tells the URL.
assert_contains "$(image_config image .History 2> /dev/null; output_of bryo history --no-trunc image)" "ADD $web/gzip/data.txt /a.gz # buildkit"
