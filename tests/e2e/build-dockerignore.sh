#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# .dockerignore and its other names: what it leaves out is neither copied nor part of a key; an ignore file of the Dockerfile's own wins.
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
# I1.14: what cannot be read is not looked at
mkdir context/node_modules2
echo /node_modules2 >> context/.dockerignore
chmod 0 context/node_modules2
build
chmod 755 context/node_modules2
# I2.1: the Dockerfile and the ignore file are among what is left out
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
# I2.3
dockerfile << 'END'
FROM busybox
COPY *.* /context/
END
build
assert_equal "$(image_run image ls -A /context)" $'.hidden\nkeep.txt' "the files that a wildcard matched"

# P14.5
printf '*\n!keep.txt\n' > context/Dockerfile.dockerignore
dockerfile << 'END'
FROM busybox
COPY . /context
END
build -f context/Dockerfile
assert_equal "$(image_run image sh -c 'cd /context && find . -type f')" ./keep.txt "the files that were copied"

# P14.5: beside a Dockerfile of another name and directory; one of Dockerfile says nothing then.
mkdir context/deeper
cp context/Dockerfile context/deeper/other
printf '*\n!README.md\n' > context/deeper/other.dockerignore
build -f context/deeper/other
assert_equal "$(image_run image sh -c 'cd /context && find . -type f')" ./README.md "the files that were copied"

printf '!\n' > context/Dockerfile.dockerignore
build_fails "dockerignore"

# I3.1: of the four places the first that has a file, and no other
rm context/Dockerfile.dockerignore
dockerfile << 'END'
FROM busybox
COPY p-* /context/
END
left_out=(Dockerfile.dockerignore Dockerfile.containerignore .containerignore .dockerignore)
for name in "${left_out[@]}"; do
        plant_file "context/p-of-$name" x
        echo "p-of-$name" > "context/$name"
done
for name in "${left_out[@]}"; do
        build
        assert_lacks "$(image_run image ls /context)" "p-of-$name"
        assert_equal "$(image_run image ls /context | grep -c p-of)" 3 "the files left when $name is the first"
        rm "context/$name"
done
mkdir other
touch other/seen other/hidden
echo hidden > other/.containerignore
printf 'FROM busybox\nCOPY --from=other . /o\n' | dockerfile
build --build-context other=other
assert_lacks "$(image_run image ls /o)" hidden
# An ignore file that cannot be read is an error, and the next one is not read instead.
mkdir context/.containerignore
echo '*' > context/.dockerignore
build_fails "cannot read the ignore file"
