#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# .dockerignore: what it leaves out is neither copied nor part of a key; an ignore file of the Dockerfile's own wins.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
for name in keep.txt drop.log deep/er/drop.log deep/keep.md deep/er/keep.md node_modules/x/y.js node_modules/keep.js .hidden README.md; do
        plant_file "context/$name" "$name"
done
cat > context/.dockerignore << 'END'
# comment
**/*.log

/node_modules
!node_modules/keep.js
*.md
Dockerfile
.dockerignore
END
dockerfile << 'END'
FROM busybox
COPY . /context
RUN cd /context && find . | sort
END
build
assert_equal "$(image_run image sh -c 'cd /context && find . -type f | sort')" './.hidden
./deep/er/keep.md
./deep/keep.md
./keep.txt
./node_modules/keep.js' "the files that were copied"
id=$(image_id image)
echo changed > context/deep/er/drop.log
echo changed > context/node_modules/x/y.js
build
assert_equal "$(image_id image)" "$id" "the image ID after a change of ignored files"

dockerfile << 'END'
FROM busybox
COPY drop.log /
END
build_fails "drop.log"
assert_contains "$errors" ".dockerignore"

printf '*\n!keep.txt\n' > context/Dockerfile.dockerignore
dockerfile << 'END'
FROM busybox
COPY . /context
END
build -f context/Dockerfile
assert_equal "$(image_run image sh -c 'cd /context && find . -type f')" ./keep.txt "the files that were copied"

printf '!\n' > context/Dockerfile.dockerignore
build_fails "dockerignore"
