#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# COPY --parents: directories of the source are kept, from the pivot on; and --exclude.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
for name in a/b/one.c a/b/two.h a/c/deep/three.c top.c other/x; do
        plant_file "context/$name" "$name"
done
chmod 0750 context/a
chmod 0711 context/a/b
# found TREE: the files below a directory of the image
found() {
        image_run image sh -c "cd $1 && find . -type f | sort | tr '\n' ' '"
}
# C9.1 C9.2 C9.3 C4.3
dockerfile << 'END'
FROM busybox AS up
RUN mkdir -p /s/t && chown 5:6 /s && chmod 2770 /s && touch /s/t/u && chown 7:8 /s/t/u
FROM busybox
COPY --parents a/b/one.c top.c /plain
COPY --parents a/./b/one.c ./a/c/./deep /pivot/
COPY --parents **/*.c /deep/
COPY --parents a/** /all/
COPY --parents ./ /whole
COPY --parents --exclude=**/*.h --exclude=other --exclude=a/c . /some
COPY --exclude=*.h a/b /excluded/
COPY --exclude=deep --exclude=b/*.h a /below/
COPY --from=up --parents /s/t/u /from
COPY **/x /shallow/
COPY --parents none* /nothing/
END
build
assert_equal "$(found /plain)" './a/b/one.c ./top.c '
assert_equal "$(found /pivot)" './b/one.c ./deep/three.c '
assert_equal "$(found /deep)" './a/b/one.c ./a/c/deep/three.c ./top.c '
assert_equal "$(found /all)" './a/b/one.c ./a/b/two.h ./a/c/deep/three.c '
# D9.1
assert_equal "$(found /whole)" './Dockerfile ./a/b/one.c ./a/b/two.h ./a/c/deep/three.c ./other/x ./top.c '
# C9.5 C9.6 repeated, in the syntax of the ignore file, relative to the source
assert_equal "$(found /some)" './Dockerfile ./a/b/one.c ./top.c '
assert_equal "$(found /excluded)" './one.c '
assert_equal "$(found /below)" './b/one.c ./c/deep/three.c '
assert_equal "$(found /shallow)" './x '
assert_equal "$(image_run image stat -c '%n %a %u:%g' /plain /plain/a /plain/a/b /from /from/s /from/s/t /from/s/t/u)" \
        '/plain 755 0:0
/plain/a 750 0:0
/plain/a/b 711 0:0
/from 755 0:0
/from/s 2770 5:6
/from/s/t 755 0:0
/from/s/t/u 644 7:8'
# D9.2 D6.5
assert_contains "$said" 'Dockerfile:14: "none*" matches nothing'
# An excluded file is no input, a directory's mode is.
id=$(image_id image)
plant_file context/a/b/two.h changed
sed -i '/whole\|\/all/d' context/Dockerfile
build
id=$(image_id image)
plant_file context/a/b/two.h again
build
assert_equal "$(image_id image)" "$id"
chmod 0755 context/a
build
[ "$(image_id image)" != "$id" ] || fail "the mode of a parent directory is no input of --parents"
# C9.4
printf 'FROM busybox\nCOPY --parents a/b/none.c /\n' | dockerfile
build_fails 'Dockerfile:2:16: "a/b/none.c" not found'
# C9.7 the destination is made although nothing was found for it
printf 'FROM busybox\nCOPY --parents a/none*/x /made\n' | dockerfile
build
assert_equal "$(image_run image stat -c %F /made)" directory
