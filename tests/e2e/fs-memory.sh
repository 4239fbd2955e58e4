#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
#
# Memory of the builder: a step that makes 100,000 files, and one that walks and reads such a base.
# BRYO_FILES says how many; tests/soak/files.sh makes a million.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

files=${BRYO_FILES:-100000}
# a sanitizer keeps what was freed, and shadows what is there: nothing can be said about memory then
sanitized=no
if grep -q '^#define BRYO_SANITIZED' "$BRYO_BUILD/config.h"; then
        sanitized=yes files=2000
fi
# a million below 500 MiB: what a file costs, and the program itself
making_limit=$((36000 + files / 1000 * 464))
walking_limit=65536
[ "$files" -eq 100000 ] || walking_limit=$((files * 65536 / 100000))
base busybox
dockerfile << END
FROM busybox
RUN i=0; while [ \$i -lt $((files / 500)) ]; do mkdir /d\$i; i=\$((i + 1)); done; \
    awk 'BEGIN { for (i = 0; i < $files; i++) { name = "/d" int(i / 500) "/file-" i ".txt"; print i > name; close(name) } }'
END

# watch: $peak is the most memory that the builder used until it went, in KiB.
watch() {
        local now
        peak=0
        while now=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status" 2> /dev/null) && [ -n "$now" ]; do
                peak=$now
                sleep 0.02
        done
}

background log bryo build --progress=plain -t image context
watch
ended
assert_equal "$status" 0 "$(cat log)"
printf '# %s files made with %s KiB\n' "$files" "$peak"
[ "$sanitized" = yes ] || assert_less "$peak" "$making_limit" "KiB of memory for $files files that one step makes"

echo 'RUN find / -xdev -type f -name "file-*" | wc -l > /count; ls -lR / > /dev/null; cat /d0/* > /dev/null' >> context/Dockerfile
background log bryo build --progress=plain -t image context
watch
ended
assert_equal "$status" 0 "$(cat log)"
printf '# walked with %s KiB\n' "$peak"
[ "$sanitized" = yes ] || assert_less "$peak" "$walking_limit" "KiB of memory to walk a base of $files files"
assert_equal "$(image_run image cat /count)" "$files"
