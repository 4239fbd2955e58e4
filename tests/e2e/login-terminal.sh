#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The questions of login on a terminal: the password is not shown, and Ctrl-C leaves the terminal as it was.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

export HOME=$PWD/user CONTAINERS_REGISTRIES_CONF=/dev/null REGISTRY_AUTH_FILE=$PWD/auth.json
mkdir -p user
registry site basic

# typed ANSWER...: runs login on a terminal of its own and types an answer at each question; what the terminal showed goes to
# `shown`, whether it echoes afterwards and the exit status to `left`.
typed() {
        python3 - "$(command -v bryo)" "$registry" "$@" << 'END'
import fcntl, os, pty, subprocess, sys, termios
answers = [word.encode() for word in sys.argv[3:]]
near, far = pty.openpty()
login = subprocess.Popen([sys.argv[1], "login", sys.argv[2]], stdin=far, stdout=far, stderr=far,
                         preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)))
shown = b""
os.set_blocking(near, False)
for question, answer in zip([b"Username: ", b"Password: "], answers):
    while question not in shown and login.poll() is None:
        try:
            shown += os.read(near, 1024)
        except BlockingIOError:
            pass
    os.write(near, answer)
status = login.wait(20)
echo = bool(termios.tcgetattr(far)[3] & termios.ECHO)
try:
    while piece := os.read(near, 1024):
        shown += piece
except OSError:
    pass
with open("shown", "wb") as file:
    file.write(shown)
with open("left", "w") as file:
    file.write(f"echo={echo} status={status}\n")
END
}

typed $'alice\n' $'open sesame\n'
assert_contains "$(cat shown)" "Username: alice"
assert_contains "$(cat shown)" "Login Succeeded"
assert_lacks "$(cat shown)" sesame
assert_equal "$(cat left)" "echo=True status=0"
rm auth.json
typed $'alice\n' $'open ses\x03'
assert_contains "$(cat shown)" "given up"
assert_lacks "$(cat shown)" "open"
assert_equal "$(cat left)" "echo=True status=1"
[ ! -e auth.json ] || fail "something was kept"
