# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A real sshd on loopback, of this user, that takes the keys in authorized_keys. Sourced after tests/servers/lib.sh. Leaves
# $ssh_port and $ssh_user; with_known_host COMMAND... runs something for which the server's key is one that the machine knows.

PATH=$PATH:/usr/sbin
need sshd ssh ssh-keygen unshare
ssh_user=$(id -un)
ssh-keygen -q -t ed25519 -N '' -f host_key
: > authorized_keys
cat > sshd_config << END
ListenAddress 127.0.0.1
HostKey $PWD/host_key
AuthorizedKeysFile $PWD/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel VERBOSE
END

# sshd takes no port 0: others are tried until one is free.
start_sshd() {
        local tries=50 wait
        while [ $((tries -= 1)) -gt 0 ]; do
                : > sshd.log
                ssh_port=$((20000 + RANDOM % 20000))
                "$(command -v sshd)" -D -e -f "$PWD/sshd_config" -p "$ssh_port" 2> sshd.log &
                wait=500
                until grep -q 'Server listening' sshd.log; do
                        kill -0 $! 2> /dev/null && [ $((wait -= 1)) -gt 0 ] || continue 2
                        sleep 0.01
                done
                servers+=($!)
                return
        done
        fail "sshd does not start" log "$(cat sshd.log)"
}
start_sshd

# git's ssh reads no configuration and no file of the user's for a build, but the machine's known hosts: a directory of
# the test's own is mounted over /etc/ssh, for this command alone.
with_known_host() {
        mkdir -p etc-ssh
        printf '[127.0.0.1]:%s %s\n' "$ssh_port" "$(cut -d ' ' -f 1,2 host_key.pub)" > etc-ssh/ssh_known_hosts
        unshare --user --map-current-user --mount --keep-caps sh -c 'mount --bind "$0" /etc/ssh && exec "$@"' "$PWD/etc-ssh" "$@"
}
