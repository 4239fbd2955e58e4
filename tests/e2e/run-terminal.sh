#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# run -it: the command gets a terminal of its own with the size of ours, keys travel, ours is restored.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need python3
base busybox
cat > terminal.py << 'END'
# Runs the arguments on a new terminal of 30 x 100, types what stands on standard input line by line, each after a prompt "? ".
import fcntl, os, pty, select, struct, sys, termios, time
lines = sys.stdin.read().splitlines()
pid, master = pty.fork()
if pid == 0:
    # Before the program starts: it may look at once.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
seen, deadline = b"", time.monotonic() + 30
while time.monotonic() < deadline:
    if not select.select([master], [], [], 0.1)[0]:
        continue
    try:
        data = os.read(master, 4096)
    except OSError:
        break
    seen += data
    # A shell may ask where the cursor is (ESC [ 6 n) behind its prompt.
    if lines and seen.removesuffix(b"\x1b[6n").endswith(b"? "):
        line = lines.pop(0)
        seen += b"\n"
        os.write(master, {"^C": b"\x03", "^D": b"\x04"}.get(line, line.encode() + b"\r"))
else:
    os.kill(pid, 9)
_, status = os.waitpid(pid, 0)
sys.stdout.write(seen.decode(errors="replace").replace("\r\n", "\n"))
print("status", os.waitstatus_to_exitcode(status))
END

# shellcheck disable=SC2016
works python3 terminal.py bryo run --rm -it busybox \
        sh -c 'tty; stty size; echo -n "? "; read word; echo "read $word"; test -t 0 -a -t 1 -a -t 2 && exit 6' <<< $'hello'
assert_contains "$output" /dev/pts/
assert_contains "$output" "30 100"
assert_contains "$output" "read hello"
assert_contains "$output" "status 6"

# The size is there from the first moment on.
for _ in 1 2 3 4 5 6 7 8; do
        works python3 terminal.py bryo run --rm -it busybox stty size <<< ''
        assert_contains "$output" "30 100"
done

# Ctrl-C is a key of the inner terminal: the command decides.
works python3 terminal.py bryo run --rm -it busybox \
        sh -c 'trap "echo interrupted; exit 8" INT; echo -n "? "; while :; do sleep 0.1; done' <<< $'^C'
assert_contains "$output" interrupted
assert_contains "$output" "status 8"

# A shell with job control has its terminal.
works python3 terminal.py bryo run --rm -it -e PS1='? ' busybox sh <<< $'echo $((6 * 7))\nexit 5'
assert_contains "$output" 42
assert_contains "$output" "status 5"
assert_lacks "$output" "job control"

# Without a terminal of our own -t says so.
assert_fails 1 "terminal" bryo run --rm -it busybox true
