#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# FORM.5: save: skopeo copies the archive, umoci unpacks it with the right tree, owners and modes; a directory works as well.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need skopeo umoci jq python3
base busybox
dockerfile << 'END'
FROM busybox
RUN mkdir -p /tree/gone /tree/opaque && echo one > /tree/one && touch /tree/opaque/lower && echo x > /tree/gone/x
RUN chown -R app:staff /tree && chmod 2750 /tree && ln /tree/one /tree/hard && ln -s one /tree/soft && mkfifo -m 0600 /tree/pipe \
 && rm -r /tree/gone && rm -r /tree/opaque && mkdir /tree/opaque && touch /tree/opaque/upper && rm /bin/zcat \
 && echo set > /tree/suid && chmod 4755 /tree/suid && touch -d @1234567890 /tree/one && : > '/tree/ü blank'
ENTRYPOINT ["/bin/cat"]
CMD ["/tree/one"]
END
build

cat > tree.py << 'END'
# Prints the tree below the argument as it is: one line for each entry.
import os, stat, sys
links = {}
for directory, names, files in os.walk(sys.argv[1]):
    names.sort()
    for name in sorted(names + files):
        path = os.path.join(directory, name)
        shown = os.path.relpath(path, sys.argv[1])
        if shown.split("/")[0] in ("proc", "sys", "dev") or shown in ("etc/hosts", "etc/resolv.conf", "etc/hostname"):
            continue
        info = os.lstat(path)
        kind = stat.filemode(info.st_mode)
        first = links.setdefault(info.st_ino, shown) if not stat.S_ISDIR(info.st_mode) else shown
        target = os.readlink(path) if stat.S_ISLNK(info.st_mode) else ""
        size = info.st_size if stat.S_ISREG(info.st_mode) else ""
        print(shown, kind, info.st_uid, info.st_gid, size, int(info.st_mtime), target, first)
END

works bryo save -o image.tar image
works skopeo --insecure-policy copy oci-archive:image.tar oci:layout:image
# shellcheck disable=SC2016
works in_userns sh -c 'umoci unpack --image layout:image bundle && python3 tree.py bundle/rootfs > peer'
works in_userns sh -c 'chmod -R u+rwX bundle && rm -rf bundle'
grep '^tree' peer > peer-tree || fail "umoci unpacked no /tree" umoci "$(cat peer)"
cut -d' ' -f1-4,7 peer-tree > seen
cat > expected << 'END'
tree drwxr-s--- 1000 50 
tree/hard -rw-r--r-- 1000 50 1234567890
tree/one -rw-r--r-- 1000 50 1234567890
tree/opaque drwxr-sr-x 0 50 
tree/opaque/upper -rw-r--r-- 0 50 
tree/pipe prw------- 0 50 
tree/soft lrwxrwxrwx 0 50 
tree/suid -rwsr-xr-x 0 50 
END
# shellcheck disable=SC2034
while read -r name mode uid gid time; do
        line=$(grep "^$name " peer-tree) || fail "umoci did not unpack $name" umoci "$(cat peer-tree)"
        read -r _ is_mode is_uid is_gid _ <<< "$line"
        assert_equal "$is_mode $is_uid $is_gid" "$mode $uid $gid" "$name"
        [ -z "$time" ] || assert_contains "$line" " $time "
done < expected
assert_equal "$(awk '$1 == "tree/hard" { print $NF }' peer-tree)" tree/hard
assert_equal "$(awk '$1 == "tree/one" { print $NF }' peer-tree)" tree/hard "the inode of tree/one"
assert_contains "$(cat peer-tree)" "tree/ü blank"
for gone in tree/gone tree/opaque/lower bin/zcat; do
        ! grep -q "^$gone " peer || fail "umoci unpacked $gone, which was removed"
done
assert_contains "$(cat peer)" "bin/busybox"

# The config went along.
assert_equal "$(skopeo inspect --config oci:layout:image | jq -c '.config.Entrypoint + .config.Cmd')" '["/bin/cat","/tree/one"]'
assert_equal "$(skopeo inspect oci:layout:image | jq -r '.Layers | length')" 3

# To a directory, and the same bytes each time.
works bryo save -o again.tar image
cmp image.tar again.tar || fail "two saves of one image differ"
assert_fails 1 "absent" bryo save -o x.tar absent
[ ! -e x.tar ] || fail "a failed save left its file"
