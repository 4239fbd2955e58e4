#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a command sees: its own processes, devices, /proc and /sys, the host's network, descriptors 0 to 2 and no more.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
exec 7< /etc/passwd 8> "$TMPDIR/leak"
cat > probe << 'END'
echo "pids: $(ls /proc | grep -c '^[0-9]*$') self $$"
echo "stdin: $(readlink /proc/$$/fd/0)"
echo "devices: $(ls /dev | sort | tr '\n' ' ')"
for device in null zero full random urandom tty; do stat -c "$device: %F %t:%T" /dev/$device; done
head -c 4 /dev/zero | od -An -tx1
echo lost > /dev/null && ! echo full > /dev/full
test -w /dev/shm && echo shm > /dev/shm/x && ls -ld /dev/pts > /dev/null && echo "dev works"
touch /sys/x 2>&1; echo 1 > /proc/sys/kernel/panic
stat -f -c '%T' /proc/self > /dev/null && echo "proc is there"
grep -c . /proc/self/status > /dev/null && awk '$1 == "NoNewPrivs:" || $1 ~ /^Cap(Eff|Prm|Bnd|Inh|Amb)/ { print }' /proc/self/status
echo "mounts: $(awk '{ print $2 }' /proc/mounts | grep -c "$(echo /dev/fuse)")"
echo "host network: $(cat /proc/net/dev | grep -c :)"
echo "hosts: $(grep -c localhost /etc/hosts)"
cat /etc/resolv.conf > /dev/null && echo "resolv.conf is there"
cat /proc/1/cmdline | tr '\0' ' '; echo
cat /proc/1/environ | tr '\0' '\n' | grep -c OUTER_SECRET
env | grep -c OUTER_SECRET
hostname > /dev/null && echo named
umask
END
export OUTER_SECRET=1
mkdir context
cp probe context/
dockerfile << 'END'
FROM busybox
COPY probe /probe
RUN sh /probe > /seen 2>&1
RUN --security=sandbox grep CapBnd /proc/self/status > /sandboxed
RUN (sleep 0.1; ls /proc/1/fd; readlink /proc/1/fd/0) | cat > /descriptors
USER app
RUN sh /probe > /tmp/seen 2>&1 || true
END
build
seen=$(image_run image cat /seen)
assert_equal "$(image_run image cat /descriptors)" $'0\n1\n2\n/dev/null' "the descriptors of a RUN"
for expected in 'stdin: /dev/null' 'null: character special file 1:3' 'zero: character special file 1:5' \
        'full: character special file 1:7' 'random: character special file 1:8' 'urandom: character special file 1:9' \
        'tty: character special file 5:0' 'dev works' 'proc is there' 'NoNewPrivs:	0' 'resolv.conf is there' 'named' '0022'; do
        assert_contains "$seen" "$expected"
done
assert_matches "$seen" 'devices: .*fd.*full.*null.*ptmx.*pts.*random.*shm.*stderr.*stdin.*stdout.*tty.*urandom.*zero'
assert_matches "$seen" 'touch: /sys/x: (Read-only file system|Permission denied|Operation not permitted)'
assert_matches "$seen" 'hosts: [1-9]'
assert_equal "$(grep '^host network' <<< "$seen")" "host network: $(grep -c : /proc/net/dev)"
assert_equal "$(grep -cx 0 <<< "$seen")" 2 "how often the outer environment was not found"

# Docker's default set of capabilities for root, none for a user. RUN.19
assert_equal "$(image_run image cat /sandboxed)" 'CapBnd:	00000000a80425fb'
assert_contains "$seen" 'CapEff:	00000000a80425fb'
assert_contains "$seen" 'CapPrm:	00000000a80425fb'
assert_contains "$seen" 'CapBnd:	00000000a80425fb'
assert_contains "$seen" 'CapInh:	0000000000000000'
user_seen=$(image_run image cat /tmp/seen)
assert_contains "$user_seen" 'CapEff:	0000000000000000'
assert_contains "$user_seen" 'CapBnd:	00000000a80425fb'
assert_contains "$user_seen" 'CapAmb:	0000000000000000'

# Few processes: this shell, its children and perhaps a process 1.
pids=$(sed -n 's/pids: \([0-9]*\) .*/\1/p' <<< "$seen")
assert_less "$pids" 7 "the number of processes that a command sees"

# In a container as well, with no mount of the builder's in sight that could be opened again.
assert_equal "$(image_run image sh -c 'ls /proc/1/fd; true')" $'0\n1\n2' "the descriptors of a container"
running=$(image_run -u root image sh /probe 2>&1)
assert_contains "$running" 'CapBnd:	00000000a80425fb'
