#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Commands and images that try to leave the sandbox: what broke other builders, and does not break this one.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/canary.bash"

# The builder's own program, owned by the caller, who is root inside (CVE-2019-5736): no file of it can be opened.
mkdir bin
cp "$BRYO" bin/bryo
chmod u+w bin/bryo
sum=$(sha256sum < bin/bryo)
cat > context.Dockerfile << 'END'
FROM busybox
RUN printf '#!/proc/self/exe\n' > /trojan && chmod 755 /trojan; /trojan; for n in $(seq 50); do for f in /proc/[0-9]*/exe; do echo x 2> /dev/null > $f; done; done; ls /proc/1/cwd /proc/1/root > /dev/null; kill -9 -1; echo killed
RUN grep -E '^Seccomp:.2' /proc/self/status && kill -9 1; kill -STOP 1; echo alive
END
dockerfile < context.Dockerfile
PATH=$PWD/bin:$PATH works bin/bryo build --progress=plain -t image context
assert_equal "$(sha256sum < bin/bryo)" "$sum" "the digest of bryo"
assert_contains "$errors" alive

# A working directory behind a descriptor that somebody left open (CVE-2024-21626).
for n in 0 1 2 3 4 5 6 7 8 9 10; do
        printf 'FROM busybox\nWORKDIR /proc/self/fd/%s\nRUN pwd; ls ..; cat ../../../../..%s/secret\n' "$n" "$canary" | dockerfile
        try
done

# Devices that are something else in the image (CVE-2025-31133, CVE-2025-52565, CVE-2026-41579).
dockerfile << 'END'
FROM busybox
RUN umount /dev/null 2> /dev/null; true
COPY dev /dev
COPY dev /proc
RUN stat -c '%n %F %t:%T' /dev/null /dev/full; ls -d /dev/console 2>&1; stat -f -c %T /dev/pts /proc; echo x > /dev/null; cat /proc/sys/kernel/core_pattern > /dev/null
END
core=$(cat /proc/sys/kernel/core_pattern)
mkdir -p context/dev
ln -sf /proc/sys/kernel/core_pattern context/dev/null
ln -sf "$canary" context/dev/pts
ln -sf "$canary/secret" context/dev/console
try
assert_equal "$status" 0
assert_contains "$said" "/dev/null character special file 1:3"
assert_contains "$said" "/dev/console: No such file"
assert_equal "$(cat /proc/sys/kernel/core_pattern)" "$core" "core_pattern of the host"

# Ids that overflow or are no numbers never become root by accident (CVE-2024-40635).
for user in 0x0 +0 -1 4294967295 4294967296 18446744073709551616 99999999999999999999 '1:4294967296' '1:-1' ' ' '"0 "' 'root2'; do
        printf 'FROM busybox\nUSER %s\nRUN id -u > /u; [ "$(id -u)" != 0 ] || echo became ro""ot\n' "$user" | dockerfile
        try
        assert_lacks "$said" "became root"
done

# Privileges are never given, whatever the spelling or the origin (CVE-2024-23653).
for security in insecure INSECURE 2 'sandbox,insecure'; do
        printf 'FROM busybox\nRUN --security=%s echo it ra""n\n' "$security" | dockerfile
        build_fails Dockerfile:2
        assert_lacks "$said" "it ran"
done
printf 'FROM busybox\nONBUILD RUN --security=insecure echo it ra""n\n' | dockerfile
build -t trap
printf 'FROM trap\n' | dockerfile
build_fails "--security=insecure is refused"
assert_lacks "$said" "it ran"

# The network of the host is out of reach without a network.
printf 'FROM busybox\nRUN --network=none ip -o link | wc -l; ip route; nslookup localhost 127.0.0.1 > /dev/null 2>&1 || echo no answer; wget -T 1 -q http://127.0.0.1:1/ 2>&1 || true\n' | dockerfile
build
assert_matches "$said" ' 1'$'\n'
